import { EMBEDDING_BYTES, EMBEDDING_SIZE } from "./stages.js";
import { StageFailure } from "./failure.js";

/** Little-endian float32 bytes of an embedding; a copy. */
export function embeddingToBytes(embedding: Float32Array): Uint8Array {
  const bytes = new Uint8Array(embedding.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < embedding.length; i++) view.setFloat32(i * 4, embedding[i]!, true);
  return bytes;
}

/**
 * The 512 floats of an embedding, copied out of a message.
 * @throws StageFailure invalid_embedding unless it has 512 finite numbers and length 1 (within 1 %).
 */
export function embeddingFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.byteLength !== EMBEDDING_BYTES) {
    throw new StageFailure(
      "invalid_embedding",
      `an embedding has ${EMBEDDING_BYTES} bytes, not ${bytes.byteLength}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const embedding = new Float32Array(EMBEDDING_SIZE);
  let squares = 0;
  for (let i = 0; i < EMBEDDING_SIZE; i++) {
    const value = view.getFloat32(i * 4, true);
    embedding[i] = value;
    squares += value * value;
  }
  // NaN fails this comparison too.
  if (!(Math.abs(Math.sqrt(squares) - 1) < 0.01)) {
    throw new StageFailure("invalid_embedding", "an embedding has length 1 and finite numbers only");
  }
  return embedding;
}
