import { z } from 'zod';
import { settings } from './settings.ts';

/** In the path of a setting: whatever name an operator gives, and each entry of a list. */
export const ANY_NAME = 'NAME';
export const ANY_ENTRY = '[]';

/** One setting as people look it up. */
export interface SettingRow {
  readonly path: readonly string[];
  /** The path as it is written: `chacra.projects.NAME.automatic`, `users[].name`. */
  readonly name: string;
  readonly type: string;
  /** As it would be written; null where there is none. */
  readonly standard: string | null;
  readonly required: boolean;
  readonly help: string;
}

/** The part of a JSON schema that our settings use. */
const schema = z.object({
  type: z.string().optional(),
  kind: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  required: z.array(z.string()).default([]),
  get properties() {
    return z.record(z.string(), schema).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), schema]).optional();
  },
  get items() {
    return schema.optional();
  },
});

type Schema = z.infer<typeof schema>;

/** Every setting in the order of its table. */
export function settingRows(): SettingRow[] {
  // The folder stands in no row: defaults are shown as they would be written.
  return rowsBelow([], schema.parse(z.toJSONSchema(settings('/'), { io: 'input' })));
}

function rowsBelow(above: readonly string[], parent: Schema): SettingRow[] {
  return Object.entries(parent.properties ?? {}).flatMap(([key, child]) => {
    const path = [...above, key];
    const row = {
      path,
      name: path.join('.').replaceAll(`.${ANY_ENTRY}`, ANY_ENTRY),
      type: typeName(child),
      standard: child.default === undefined ? null : JSON.stringify(child.default),
      required: parent.required.includes(key),
      help: child.description ?? '',
    };
    const named = typeof child.additionalProperties === 'object' ? child.additionalProperties : {};
    return [
      row,
      ...rowsBelow(path, child),
      ...rowsBelow([...path, ANY_NAME], schema.parse(named)),
      ...rowsBelow([...path, ANY_ENTRY], child.items ?? schema.parse({})),
    ];
  });
}

function typeName(node: Schema): string {
  if (node.kind !== undefined) return node.kind;
  if (node.enum !== undefined) return node.enum.join(', ');
  if (node.type === 'array')
    return `list of ${node.items === undefined ? '' : typeName(node.items)}`;
  if (typeof node.additionalProperties === 'object') {
    return `NAME: ${typeName(node.additionalProperties)}`;
  }
  return node.type === 'object' ? 'section' : (node.type ?? '');
}

/** The table of docs/configuration.md. */
export function settingsMarkdown(): string {
  const rows = settingRows().map((row) => {
    const standard = row.standard === null ? '' : `\`${row.standard}\``;
    const shown = row.required ? 'required' : row.type === 'section' ? '' : standard;
    return `| \`${row.name}\` | ${row.type} | ${shown} | ${row.help} |\n`;
  });
  return `| setting | type | default | what it does |\n|---|---|---|---|\n${rows.join('')}`;
}
