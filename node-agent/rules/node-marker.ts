/** What the description of a Jenkins node of ours tells: enough to know it again. */
export interface NodeMarker {
  readonly service: string;
  readonly agent: string;
  readonly template: string;
  readonly host: string;
}

const FORM = /^made by gitbuilder agents (\S+): agent (\S+), template (\S+), host (\S+)$/;

/** The description that a node is made with. */
export function nodeDescription({ service, agent, template, host }: NodeMarker): string {
  return `made by gitbuilder agents ${service}: agent ${agent}, template ${template}, host ${host}`;
}

/** Reads a description; null for nodes of others, which are never touched. */
export function readMarker(description: string, ownService: string): NodeMarker | null {
  const [, service = '', agent = '', template = '', host = ''] = FORM.exec(description) ?? [];
  return service === ownService && service !== '' ? { service, agent, template, host } : null;
}
