/** One event of a stream of ours. */
export interface ToldEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Reads an event stream until it ends, or until who reads hangs up (server-sent events, WHATWG HTML 9.2). */
export async function readEvents(
  body: AsyncIterable<Uint8Array>,
  hear: (event: ToldEvent) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const type = /^event: ?(.*)$/m.exec(block)?.[1];
        const data = /^data: ?(.*)$/m.exec(block)?.[1];
        if (type === undefined || data === undefined) continue;
        // Our own stream: each event's data is one JSON object.
        hear({ type, data: JSON.parse(data) as ToldEvent['data'] });
      }
    }
  } catch (cause) {
    if (!(cause instanceof Error && cause.name === 'AbortError')) throw cause;
  }
}
