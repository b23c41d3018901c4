import { renderDeb } from './render-deb.ts';
import { renderRaw } from './render-raw.ts';
import { renderRpm } from './render-rpm.ts';
import type { RenderRepo, RenderTools } from './rendering.ts';

/**
 * Makes the renderer: from a plan and the parsed headers to the bytes of every index file. The same
 * input gives the same bytes, so a lost index file can be made again; only signatures cannot.
 */
export function repoRenderer(tools: RenderTools): RenderRepo {
  return (plan, headerOf, standing = null) => {
    switch (plan.type) {
      case 'deb':
        return renderDeb(plan, headerOf, tools, standing);
      case 'rpm':
        return renderRpm(plan, headerOf, tools);
      case 'raw':
        return renderRaw(plan, tools);
    }
  };
}
