import type { ProjectStore, RepoStore } from './ports.ts';

/** A project goes with its last repository. */
export async function removeEmptyProject(
  repos: RepoStore,
  projects: ProjectStore,
  project: string,
): Promise<void> {
  if (!repos.tree().has(project)) await projects.remove(project);
}
