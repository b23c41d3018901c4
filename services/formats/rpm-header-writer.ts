import { TYPE } from './rpm-tags.ts';

/** ISO-8859-1 and broken text are given as bytes. */
export type RpmText = string | Uint8Array;

export type RpmValue =
  | { readonly type: 'int16' | 'int32' | 'int64'; readonly values: readonly number[] }
  | { readonly type: 'string' | 'strings' | 'translated'; readonly values: readonly RpmText[] }
  | { readonly type: 'binary'; readonly bytes: Uint8Array };

const REGION_BYTES = 16;

/** A header structure (RPM documentation, "RPM Package Header format") whose tags, sorted, are one immutable region. */
export function writeHeader(region: number, tags: ReadonlyMap<number, RpmValue>): Buffer {
  const index: Buffer[] = [];
  const data: Buffer[] = [];
  let length = 0;
  for (const [tag, value] of [...tags].sort(([a], [b]) => a - b)) {
    const { bytes, count, align } = encode(value);
    const padding = Buffer.alloc((align - (length % align)) % align);
    index.push(entry(tag, TYPE[value.type], length + padding.length, count));
    data.push(padding, bytes);
    length += padding.length + bytes.length;
  }
  const entries = index.length + 1;
  const intro = Buffer.from([0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  intro.writeUInt32BE(entries, 8);
  intro.writeUInt32BE(length + REGION_BYTES, 12);
  return Buffer.concat([
    intro,
    entry(region, TYPE.binary, length, REGION_BYTES),
    ...index,
    ...data,
    entry(region, TYPE.binary, -entries * REGION_BYTES, REGION_BYTES),
  ]);
}

function entry(tag: number, type: number, offset: number, count: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(tag, 0);
  bytes.writeUInt32BE(type, 4);
  bytes.writeInt32BE(offset, 8);
  bytes.writeUInt32BE(count, 12);
  return bytes;
}

function encode(value: RpmValue): { bytes: Buffer; count: number; align: number } {
  switch (value.type) {
    case 'binary':
      return { bytes: Buffer.from(value.bytes), count: value.bytes.length, align: 1 };
    case 'int16':
      return numbers(value.values, 2);
    case 'int32':
      return numbers(value.values, 4);
    case 'int64':
      return numbers(value.values, 8);
    case 'string':
    case 'strings':
    case 'translated': {
      const texts = value.values.flatMap((text) => [Buffer.from(text), Buffer.alloc(1)]);
      return { bytes: Buffer.concat(texts), count: value.values.length, align: 1 };
    }
  }
}

function numbers(values: readonly number[], size: 2 | 4 | 8) {
  const bytes = Buffer.alloc(values.length * size);
  for (const [index, value] of values.entries()) {
    if (size === 8) bytes.writeBigUInt64BE(BigInt(value), index * size);
    else bytes.writeUIntBE(value, index * size, size);
  }
  return { bytes, count: values.length, align: size };
}
