import { Malformed, shown } from './malformed.ts';
import { trimEndOf } from './trim-end.ts';

export interface ControlField {
  readonly name: string;
  /** Without blanks around it; lines after the first keep the blank they begin with. */
  readonly value: string;
}

/** Fields in the order of the file; no two have the same name, in whatever case. */
export type ControlParagraph = readonly ControlField[];

/** Control files are UTF-8 (Debian policy 5.1). */
export function decodeControl(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new Malformed('its control data is not UTF-8', { cause });
  }
}

/**
 * The paragraphs of a control file (Debian policy 5.1). Strict as dpkg is, because what passes here
 * is copied into an index that apt reads line by line.
 */
export function controlParagraphs(text: string): ControlParagraph[] {
  const paragraphs: ControlParagraph[] = [];
  let open = new Map<string, ControlField>();
  let last = '';
  const close = (): void => {
    if (open.size > 0) paragraphs.push([...open.values()]);
    open = new Map();
  };
  for (const [index, untrimmed] of text.split('\n').entries()) {
    const where = `line ${index + 1} of its control data`;
    const line = trimEndOf(untrimmed, ' \t\r');
    if (/[\0\r]/.test(line)) throw new Malformed(`${where} holds a NUL or a carriage return`);
    if (untrimmed === '') close();
    else if (line === '') throw new Malformed(`${where} is blank but not empty`);
    else if (line.startsWith('#')) {
      throw new Malformed(`${where} is a comment, which only debian/control may hold`);
    } else if (/^[ \t]/.test(line)) {
      const field = open.get(last);
      if (field === undefined) throw new Malformed(`${where} continues no field`);
      open.set(last, { ...field, value: `${field.value}\n${line}` });
    } else {
      const field = readField(line, where);
      last = field.name.toLowerCase();
      if (open.has(last)) throw new Malformed(`${where} repeats the field ${field.name}`);
      open.set(last, field);
    }
  }
  close();
  return paragraphs;
}

/** The only paragraph of a control file that must have just one. */
export function onlyParagraph(text: string): ControlParagraph {
  if (text !== '' && !text.endsWith('\n')) {
    throw new Malformed('its control data does not end with a newline');
  }
  const [paragraph, second] = controlParagraphs(text);
  if (paragraph === undefined) throw new Malformed('its control data is empty');
  if (second !== undefined) throw new Malformed('its control data has more than one paragraph');
  return paragraph;
}

function readField(line: string, where: string): ControlField {
  const colon = line.indexOf(':');
  const name = trimEndOf(line.slice(0, Math.max(colon, 0)), ' \t');
  if (!/^[!"$-,.-9;-~][!-9;-~]*$/.test(name)) {
    throw new Malformed(`${where} is no field: ${shown(line)}`);
  }
  return { name, value: line.slice(colon + 1).replace(/^[ \t]+/, '') };
}

/** The value of a field; names are the same in any case. Undefined when it is absent. */
export function fieldValue(paragraph: ControlParagraph, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return paragraph.find((field) => field.name.toLowerCase() === wanted)?.value;
}

/** As `fieldValue`, for a field that must be there and say something. */
export function requiredValue(paragraph: ControlParagraph, name: string): string {
  const value = fieldValue(paragraph, name);
  if (value === undefined) throw new Malformed(`its control data has no field ${name}`);
  if (value === '') throw new Malformed(`the field ${name} of its control data is empty`);
  return value;
}

/** Fields as text, each ending its line. */
export function paragraphText(fields: ControlParagraph): string {
  return fields
    .map(({ name, value }) => `${name}:${/^(?:\n|$)/.test(value) ? '' : ' '}${value}\n`)
    .join('');
}
