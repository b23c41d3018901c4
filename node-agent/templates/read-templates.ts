import { posix } from 'node:path';
import { YAMLException, load } from 'js-yaml';
import { z } from 'zod';
import { nearest } from '../../services/domain/nearest.ts';
import { yamlLines } from '../../services/platform/yaml-lines.ts';
import { deniedPrivileges } from '../rules/choose-host.ts';
import { BOOTSTRAP_FOLDER } from '../rules/bootstrap-order.ts';
import type { HostSettings } from '../rules/host.ts';
import type { Template } from '../rules/template.ts';
import { whyNoCron } from '../idle-ranges.ts';
import { makeTemplate } from './make-template.ts';
import { isTemplateName, templateSettings } from './template-settings.ts';
import type { TemplateSettings } from './template-settings.ts';

/** A file of templates: its name for people, and its text. */
export interface TemplateFile {
  readonly name: string;
  readonly text: string;
}

/** The templates of all files together, or everything that is wrong with them, as `file:line: text`. */
export interface ReadTemplates {
  readonly templates: readonly Template[];
  readonly problems: readonly string[];
}

interface Written {
  readonly name: string;
  readonly settings: TemplateSettings;
  /** Notes a problem at the line of a path below this template. */
  readonly refuse: (path: readonly PropertyKey[], text: string) => void;
}

/**
 * Reads YAML files, each a mapping of names to templates that may extend one another across files.
 * Refuses what no host would run, so that it is found here and not when a build waits.
 */
export function readTemplates(
  files: readonly TemplateFile[],
  hosts: readonly Pick<HostSettings, 'name' | 'labels' | 'allow'>[],
): ReadTemplates {
  const problems: string[] = [];
  const written = new Map<string, Written>();
  const names = new Set<string>();
  for (const file of files) {
    for (const template of readFile(file, names, problems)) {
      if (written.has(template.name)) template.refuse([], 'there is another template of this name');
      else written.set(template.name, template);
    }
  }
  const templates: Template[] = [];
  for (const one of written.values()) {
    const settings = inherited(one, written, names);
    if (settings === null || one.settings.abstract === true) continue;
    const { image } = settings;
    if (image === undefined) {
      one.refuse([], 'image: is missing, here and in what it extends');
      continue;
    }
    const template = makeTemplate(one.name, image, settings);
    check(template, one, hosts);
    templates.push(template);
  }
  if (problems.length === 0) return { templates, problems };
  return { templates: [], problems: problems.sort(byPlace) };
}

/** As a reader meets them: `file:9` before `file:10`. */
function byPlace(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** Notes the names of all templates, also of those that cannot be read. */
function readFile({ name, text }: TemplateFile, names: Set<string>, problems: string[]): Written[] {
  let raw: unknown;
  try {
    // js-yaml refuses a file without any value, such as one that is all comments.
    raw = /^(\s*(#.*)?(\n|$))*$/.test(text) ? {} : load(text, { filename: name });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    problems.push(`${name}:${(cause.mark?.line ?? 0) + 1}: ${cause.reason}`);
    for (const [key] of text.matchAll(/^[\w-]+(?=:)/gm)) names.add(key);
    return [];
  }
  const lineOf = yamlLines(text);
  const mapping = z.record(z.string(), z.unknown()).safeParse(raw ?? {});
  if (!mapping.success) {
    problems.push(`${name}:1: expected a mapping of names to templates`);
    return [];
  }
  // Of the file itself: zod leaves out what is called __proto__.
  return Object.entries(raw ?? {}).flatMap(([template, value]) => {
    const refuse = (path: readonly PropertyKey[], problem: string): void => {
      const what = [template, ...path].map(String).join('.');
      problems.push(`${name}:${lineOf([template, ...path])}: ${what}: ${problem}`);
    };
    if (!isTemplateName(template)) {
      refuse([], 'a name has letters, digits, "-" and "_" only, at most 40');
      return [];
    }
    names.add(template);
    const parsed = templateSettings.safeParse(value ?? {});
    if (parsed.success) {
      // See TemplateSettings.
      return [{ name: template, settings: parsed.data as TemplateSettings, refuse }];
    }
    for (const issue of parsed.error.issues) refuseIssue(issue, refuse);
    return [];
  });
}

function refuseIssue(issue: z.core.$ZodIssue, refuse: Written['refuse']): void {
  if (issue.code !== 'unrecognized_keys') {
    refuse(issue.path, issue.message.replace(/^Invalid (input|option|key in record): ?/, ''));
    return;
  }
  for (const key of issue.keys) {
    const known = issue.path.length === 0 ? Object.keys(templateSettings.shape) : [];
    const meant = nearest(key, known);
    refuse([...issue.path, key], `unknown${meant === null ? '' : `; did you mean ${meant}?`}`);
  }
}

/**
 * Its settings on top of those that it extends: a mapping (env, caches, provision) is joined, all else
 * replaced. Null where that cannot be; what is wrong is told once, where it stands.
 */
function inherited(
  one: Written,
  written: ReadonlyMap<string, Written>,
  names: ReadonlySet<string>,
): TemplateSettings | null {
  let settings: TemplateSettings = one.settings;
  const seen = new Set([one.name]);
  for (let parent = one.settings.extends; parent !== undefined;) {
    const above = written.get(parent);
    if (above === undefined) {
      if (seen.size === 1 && !names.has(parent)) refuseParent(one, parent, names);
      return null;
    }
    if (seen.has(parent)) {
      if (parent === one.name) one.refuse(['extends'], `${parent} extends itself`);
      return null;
    }
    seen.add(parent);
    const { env, caches, provision } = above.settings;
    settings = {
      ...above.settings,
      ...settings,
      ...(env === undefined ? {} : { env: { ...env, ...settings.env } }),
      ...(caches === undefined ? {} : { caches: { ...caches, ...settings.caches } }),
      ...(provision === undefined ? {} : { provision: { ...provision, ...settings.provision } }),
    };
    parent = above.settings.extends;
  }
  return settings;
}

function refuseParent({ name, refuse }: Written, parent: string, names: ReadonlySet<string>): void {
  const others = [...names].filter((other) => other !== name);
  const meant = nearest(parent, others);
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  refuse(['extends'], `there is no template ${parent}${hint}`);
}

function check(
  template: Template,
  { settings, refuse }: Written,
  hosts: readonly Pick<HostSettings, 'name' | 'labels' | 'allow'>[],
): void {
  const at = (key: keyof TemplateSettings) => (key in settings ? [key] : []);
  if (template.labels.length === 0) refuse(at('labels'), 'labels: without one, no build finds it');
  if (template.maxIdle !== null && template.minIdle > template.maxIdle)
    refuse(at('minIdle'), 'minIdle is above maxIdle');
  template.idleWindows.forEach(({ cron }, index) => {
    const why = whyNoCron(cron);
    const path = 'idleWindows' in settings ? ['idleWindows', index, 'cron'] : [];
    if (why !== null) refuse(path, `${JSON.stringify(cron)} is no cron expression: ${why}`);
  });
  checkMounts(template, settings, refuse);
  if (hosts.length === 0) return;
  const wanted = template.hosts;
  const meant = hosts.filter(
    ({ name, labels }) =>
      wanted.length === 0 || wanted.some((one) => one === name || labels.includes(one)),
  );
  if (meant.length === 0)
    refuse(at('hosts'), `no host is called or labelled ${wanted.join(' or ')}`);
  const denied = meant.map((host) => deniedPrivileges(template, host));
  if (denied.length > 0 && denied.every((privileges) => privileges.length > 0)) {
    const which = [...new Set(denied.flat())].join(', ');
    refuse(at('privileges'), `no host allows ${which} (agents.engines[].allow)`);
  }
}

/** What is mounted hides what was put into the container before, or (a volume) keeps it for the next one. */
function checkMounts(
  { mounts, caches }: Template,
  settings: TemplateSettings,
  refuse: Written['refuse'],
): void {
  const taken = new Set<string>();
  for (const { key, within, target } of [
    ...caches.map(({ name, target }) => ({ key: 'caches', within: name, target })),
    ...mounts.map(({ target }, index) => ({ key: 'mounts', within: index, target })),
  ]) {
    const path = key in settings ? [key, within] : [];
    const place = posix.normalize(`/${target}/`);
    if (place.startsWith(`${BOOTSTRAP_FOLDER}/`) || `${BOOTSTRAP_FOLDER}/`.startsWith(place)) {
      const why = `${target} would hide or share ${BOOTSTRAP_FOLDER}, where the secret of an agent is`;
      refuse(path, why);
    }
    if (taken.has(place))
      refuse(path, `something else is mounted at ${place.slice(0, -1)} already`);
    taken.add(place);
  }
}
