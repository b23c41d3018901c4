import { Malformed } from './malformed.ts';

const MAGIC = 0xfd2fb528;
/** zstd cuts its input into blocks of 128 KiB; each one costs a move of the whole window when decoded. */
const MOST_BLOCKS = 1024;
const BLOCK_TYPES = ['raw', 'repeat', 'compressed'] as const;

/**
 * Checks that the bytes are one whole Zstandard frame (RFC 8878, 3.1.1) and answers a copy that asks
 * for no more window than `limit`: the decoder allocates what the header demands, up to 2 GiB, and
 * output that is kept below the limit never looks back further.
 */
export function boundedZstdFrame(bytes: Uint8Array, limit: number): Uint8Array {
  const frame = Buffer.from(bytes);
  if (frame.length < 9 || frame.readUInt32LE(0) !== MAGIC) {
    throw new Malformed('it has no zstd header');
  }
  const descriptor = frame.readUInt8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  if ((descriptor & 0x0b) !== 0) {
    throw new Malformed('its zstd frame needs a dictionary or is too new');
  }
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = 5;
  if (!isSingleSegment) {
    const most = (Math.ceil(Math.log2(limit)) - 10) << 3;
    if (frame.readUInt8(at) > most) frame.writeUInt8(most, at);
    at += 1;
  }
  if (sizeBytes > 0 && contentSize(frame, at, sizeBytes) > limit) {
    throw new Malformed(`it holds more than ${limit} bytes`);
  }
  at += sizeBytes;
  for (let blocks = 1, isLast = false; !isLast; blocks += 1) {
    if (blocks > MOST_BLOCKS) throw new Malformed('its zstd frame has too many blocks');
    if (at + 3 > frame.length) throw new Malformed('its zstd frame is cut off');
    const header = frame.readUIntLE(at, 3);
    isLast = (header & 1) === 1;
    const type = BLOCK_TYPES[(header >> 1) & 3];
    if (type === undefined) throw new Malformed('its zstd frame has a block of no known type');
    at += 3 + (type === 'repeat' ? 1 : header >> 3);
  }
  if (hasChecksum) at += 4;
  if (at > frame.length) throw new Malformed('its zstd frame is cut off');
  if (at < frame.length) throw new Malformed('bytes follow its zstd frame');
  return frame;
}

/** Two bytes count from 256 on. */
function contentSize(frame: Buffer, at: number, bytes: number): number {
  if (at + bytes > frame.length) throw new Malformed('its zstd frame is cut off');
  if (bytes === 8) return Number(frame.readBigUInt64LE(at));
  return frame.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0);
}
