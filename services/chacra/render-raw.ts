import type { Plan, Rendered, RenderTools } from './rendering.ts';
import { RenderedFiles } from './rendered-files.ts';

/** The checksums of a raw repository, in the form that `sha256sum --check` reads. */
export async function renderRaw(
  plan: Plan,
  { signer }: Pick<RenderTools, 'signer'>,
): Promise<Rendered> {
  const rendered = new RenderedFiles();
  const sums = plan.packages.map(({ sha256, path }) => sumLine(sha256, path)).join('');
  rendered.addText('SHA256SUMS', sums);
  if (signer !== null) rendered.addText('SHA256SUMS.asc', await signer.detach(sums));
  return rendered;
}

/** coreutils marks a line whose name needs escaping by a backslash in front. */
function sumLine(sha256: string, path: string): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `${escaped === path ? '' : '\\'}${sha256}  ${escaped}\n`;
}
