/** Of more faces nobody follows each: what is not looked at is drawn once it is known. */
const FACES_MAX = 12;

/** Whether a photo with so many faces is a crowd. */
export const isCrowd = (faces: number): boolean => faces > FACES_MAX;
