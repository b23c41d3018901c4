import type { Template } from './template.ts';

/** Where the files of ours lie in an agent's container; a plain folder, for tmpfs hides what was put in. */
export const BOOTSTRAP_FOLDER = '/opt/gitbuilder';

/**
 * What must be in the container before it starts: a starter that fetches the bootstrap script with the
 * token, in a header and in no command line, and runs it; the token; and the agent's secret.
 * `starterFiles(order)` of `rules/bootstrap.ts` makes the files of it, `STARTER_COMMAND` runs them.
 */
export interface StarterOrder {
  readonly node: string;
  /** Where the container reaches the agent service, with a slash at its end. */
  readonly serviceUrl: string;
  /** Good for one GET of `<serviceUrl>setup/<node>/`, as Authorization: Bearer. */
  readonly setupToken: string;
  /** 64 hex digits. */
  readonly secret: string;
}

/** What `GET /setup/<node>/` answers is rendered from this by `renderBootstrap(order)`: a POSIX sh script. */
export interface BootstrapOrder {
  readonly node: string;
  readonly template: Template;
  readonly serviceUrl: string;
  /** Where the container reaches the controller, with a slash at its end. */
  readonly controllerUrl: string;
  /** Good for one GET of `<serviceUrl>agent.jar`, as Authorization: Bearer. */
  readonly jarToken: string;
  /** Good for one GET of `<serviceUrl>build/<node>/`: a tar.gz of the template's files and script. */
  readonly buildToken: string;
}
