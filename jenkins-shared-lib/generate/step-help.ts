import type { Param, Step } from '../catalogue/step.ts';

/** What may stand where an argument is not given, in words. */
export function usualOf({ required, default: usual, from }: Param): string {
  const named = from === undefined ? [] : [`the environment variable ${from}`];
  const given = usual === undefined ? [] : [String(usual) === '' ? 'nothing' : String(usual)];
  const all = [...named, ...given].join(', else ');
  if (all === '') return required === true ? 'needed' : 'optional';
  return required === true ? `needed, else ${all}` : `else ${all}`;
}

/** The arguments as they are listed: needed ones first, in the order of the catalogue otherwise. */
export function listedParams({ params }: Step): [string, Param][] {
  const all = Object.entries(params);
  const isNeeded = ([, { required, from }]: [string, Param]) =>
    required === true && from === undefined;
  return [...all.filter(isNeeded), ...all.filter((each) => !isNeeded(each))];
}

/**
 * `vars/<step>.txt`, the help on Jenkins' page of global variables. Without markup: it is shown by
 * whatever formatter the administrator chose.
 */
export function stepHelp(step: Step): string {
  const { summary, details, answer, example } = step;
  const params = listedParams(step).map(([name, param]) => {
    const choices = param.oneOf === undefined ? '' : ` One of: ${param.oneOf.join(', ')}.`;
    return `  ${name} (${param.type}, ${usualOf(param)}): ${param.help}.${choices}`;
  });
  const fields = Object.entries(answer?.fields ?? {}).map(([name, help]) => `  ${name}: ${help}`);
  return [
    summary,
    '',
    ...details,
    '',
    'Arguments:',
    ...params,
    ...(answer === undefined ? [] : ['', `Answers (${answer.type}): ${answer.help}`, ...fields]),
    '',
    'Example:',
    ...example.split('\n').map((line) => `  ${line}`),
    '',
  ].join('\n');
}
