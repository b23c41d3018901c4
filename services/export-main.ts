import { openExportFolder } from './adapters/export-folder.ts';
import { RepoExporter } from './chacra/export-repos.ts';
import type { ExportCollaborators } from './chacra/export-repos.ts';

/** What keeps the export root of a storage node as it is published; null without one. */
export async function openExporter(
  folder: string | undefined,
  root: string,
  collaborators: Omit<ExportCollaborators, 'exported'>,
): Promise<RepoExporter | null> {
  if (folder === undefined) return null;
  return new RepoExporter({ ...collaborators, exported: await openExportFolder({ folder, root }) });
}
