const HEADER = 8;
/** Longer lines are cut: they are for people. */
const LONGEST = 4096;

/**
 * The last lines of a container's log. Without a terminal, Docker sends both streams in frames of
 * 8 bytes (stream, 3 zeros, length) and a payload; a frame that is cut off ends it.
 */
export function logLines(answer: Buffer, lines: number): string[] {
  const text = isFramed(answer) ? payloads(answer).toString() : answer.toString();
  const all = text.split(/\r?\n/);
  if (all.at(-1) === '') all.pop();
  return all.slice(-lines).map((line) => line.slice(0, LONGEST));
}

function isFramed(answer: Buffer): boolean {
  const stream = answer[0] ?? -1;
  return answer.length >= HEADER && stream >= 0 && stream <= 2 && answer.readUIntBE(1, 3) === 0;
}

function payloads(answer: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + HEADER <= answer.length;) {
    const end = at + HEADER + answer.readUInt32BE(at + 4);
    parts.push(answer.subarray(at + HEADER, end));
    at = end;
  }
  return Buffer.concat(parts);
}
