import type { Clock, JenkinsApi } from '../ports.ts';
import type { AgentJar, JenkinsFailure } from '../rules/jenkins-facts.ts';
import { done } from '../rules/outcome.ts';
import type { Outcome } from '../rules/outcome.ts';

const FRESH_MILLISECONDS = 600_000;

/**
 * agent.jar of the controller, fetched once for forty agents; again after a while, or when the
 * controller runs another version. An old one serves on while Jenkins is away.
 */
export class JarCache {
  readonly #jenkins: Pick<JenkinsApi, 'agentJar'>;
  readonly #clock: Clock;
  readonly #version: () => string | null;
  #kept: { readonly jar: AgentJar; readonly at: number; readonly version: string | null } | null =
    null;
  #fetching: Promise<Outcome<AgentJar, JenkinsFailure>> | null = null;

  constructor(jenkins: Pick<JenkinsApi, 'agentJar'>, clock: Clock, version: () => string | null) {
    this.#jenkins = jenkins;
    this.#clock = clock;
    this.#version = version;
  }

  async get(): Promise<Outcome<AgentJar, JenkinsFailure>> {
    const kept = this.#kept;
    const now = this.#clock.now().getTime();
    if (kept !== null && now - kept.at < FRESH_MILLISECONDS && kept.version === this.#version()) {
      return done(kept.jar);
    }
    this.#fetching ??= this.#jenkins.agentJar().finally(() => (this.#fetching = null));
    const fetched = await this.#fetching;
    if (!fetched.ok) return kept === null ? fetched : done(kept.jar);
    this.#kept = { jar: fetched.value, at: now, version: this.#version() };
    return fetched;
  }
}
