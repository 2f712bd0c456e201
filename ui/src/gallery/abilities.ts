import { about } from "../installation";

/** Whether this installation has a gallery to compare with, and whether it adds to it; taken for granted until it is known. */
export const canCompare = (): boolean => about()?.stages.includes("match") ?? true;
export const canEnrol = (): boolean => about()?.stages.includes("enrol") ?? true;
