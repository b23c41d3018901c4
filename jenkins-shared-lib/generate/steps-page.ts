import type { Step } from '../catalogue/step.ts';
import { listedParams, usualOf } from './step-help.ts';

const SHAPES = {
  does: 'does something',
  asks: 'asks and answers',
  wraps: 'wraps a closure',
} as const satisfies Record<Step['shape'], string>;

/** The reference of every step in docs/steps.md, from the same facts as the help inside Jenkins. */
export function stepsMarkdown(steps: readonly Step[]): string {
  const index = steps.map(
    ({ name, summary, shape, body }) =>
      `| [\`${name}\`](#${name.toLowerCase()}) | ${SHAPES[shape]} | ${place(body)} | ${cell(summary)} |\n`,
  );
  return [`| step | | runs | |\n|---|---|---|---|\n${index.join('')}`, ...steps.map(section)].join(
    '\n',
  );
}

function place(body: Step['body']): string {
  return body.kind === 'shell' ? 'on the agent' : 'on the controller';
}

function section(step: Step): string {
  const { name, summary, details, answer, example } = step;
  const rows = listedParams(step).map(([param, facts]) => {
    const choices = facts.oneOf === undefined ? '' : `: ${facts.oneOf.join(', ')}`;
    return `| \`${param}\` | ${facts.type} | ${cell(usualOf(facts))} | ${cell(facts.help)}${choices} |\n`;
  });
  const fields = Object.entries(answer?.fields ?? {}).map(
    ([field, help]) => `- \`${field}\`: ${help}\n`,
  );
  return [
    `## ${name}\n\n${summary}\n`,
    ...details.map((sentence) => `${sentence}\n`),
    `| argument | type | | |\n|---|---|---|---|\n${rows.join('')}`,
    ...(answer === undefined ? [] : [`Answers a ${answer.type}: ${answer.help}.\n`]),
    ...(fields.length === 0 ? [] : [fields.join('')]),
    `\`\`\`groovy\n${example}\n\`\`\`\n`,
  ].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
