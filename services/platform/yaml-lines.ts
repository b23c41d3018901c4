import { EVENT_ID, getScalarValue, parseEvents } from 'js-yaml';
import type { Event } from 'js-yaml';

type Path = readonly PropertyKey[];

/** Finds the line of a path in a YAML text that parses: of its key, or else of what holds it. */
export function yamlLines(text: string): (path: Path) => number {
  const lines = collect(text);
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const line = lines.get(print(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

function collect(text: string): Map<string, number> {
  const events = parseEvents(text, {});
  const lines = new Map<string, number>();
  let next = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);

  function note(path: Path): void {
    lines.set(print(path), text.slice(0, startOf(events[next])).split('\n').length);
  }

  function walk(path: Path): void {
    const type = events[next++]?.type;
    if (type !== EVENT_ID.MAPPING && type !== EVENT_ID.SEQUENCE) return;
    for (let index = 0; isInside(events[next]); index += 1) {
      const inner = [...path, type === EVENT_ID.MAPPING ? keyOf(events[next]) : index];
      note(inner);
      if (type === EVENT_ID.MAPPING) walk(path);
      walk(inner);
    }
    next += 1;
  }

  function keyOf(event: Event | undefined): string {
    return event?.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '';
  }

  if (next >= 0) walk([]);
  return lines;
}

function isInside(event: Event | undefined): boolean {
  return event !== undefined && event.type !== EVENT_ID.POP;
}

function startOf(event: Event | undefined): number {
  switch (event?.type) {
    case EVENT_ID.SCALAR:
      return event.valueStart;
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart;
    case EVENT_ID.DOCUMENT:
    case EVENT_ID.POP:
    case undefined:
      return 0;
  }
}

function print(path: Path): string {
  return path.map(String).join('\0');
}
