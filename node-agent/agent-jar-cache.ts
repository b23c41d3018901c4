import type { FromJenkins, JenkinsApi } from './ports.ts';
import type { AgentJar } from './rules/jenkins-facts.ts';

/**
 * The controller's agent.jar, fetched once for each version of Jenkins: forty agents that start at once
 * ask the controller for one.
 */
export class AgentJarCache {
  readonly #jenkins: Pick<JenkinsApi, 'agentJar'>;
  #kept: { readonly version: string | null; readonly jar: FromJenkins<AgentJar> } | null = null;

  constructor(jenkins: Pick<JenkinsApi, 'agentJar'>) {
    this.#jenkins = jenkins;
  }

  /** That of the version that the controller has now; null while nobody knows which that is. */
  async get(version: string | null): FromJenkins<AgentJar> {
    let kept = this.#kept;
    if (kept === null || (version !== null && kept.version !== version)) {
      kept = { version, jar: this.#jenkins.agentJar() };
      this.#kept = kept;
    }
    const jar = await kept.jar;
    // A failure is nothing to keep, unless somebody asked anew meanwhile.
    if (!jar.ok && this.#kept === kept) this.#kept = null;
    return jar;
  }
}
