/** No line that Docker sends comes near it; without a limit, an endless one would fill the memory. */
const LONGEST = 1024 * 1024;

/** The values of a stream of JSON lines, as they come. Rejects when it breaks, and for a line that is none. */
export async function* jsonStream(stream: NodeJS.ReadableStream): AsyncGenerator<unknown> {
  stream.setEncoding('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = `${rest}${chunk.toString()}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST) throw new Error('a line without an end');
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (rest.trim() !== '') yield JSON.parse(rest);
}
