import type { NewNode } from '../rules/jenkins-facts.ts';

const ALWAYS = 'hudson.slaves.RetentionStrategy$Always';
const LAUNCHER = 'hudson.slaves.JNLPLauncher';

/** The form of a new node, as every version takes it: one executor, inbound by WebSocket, for its labels only. */
export function nodeForm(node: NewNode): object {
  return {
    name: node.name,
    // What the form of the pages sends; the package's own default is the descriptor's.
    type: 'hudson.slaves.DumbSlave',
    nodeDescription: node.description,
    // Zero would make a ghost: a name that is taken and cannot be deleted.
    numExecutors: 1,
    remoteFS: node.remoteFs,
    labelString: labelString(node.labels),
    mode: 'EXCLUSIVE',
    retentionStrategy: { 'stapler-class': ALWAYS },
    launcher: {
      'stapler-class': LAUNCHER,
      webSocket: true,
      workDirSettings: {
        disabled: false,
        internalDir: 'remoting',
        failIfWorkDirIsMissing: false,
      },
    },
  };
}

/** The same as the XML that `POST /computer/createItem` takes since 2.539. */
export function nodeXml(node: NewNode): string {
  return `<?xml version="1.1" encoding="UTF-8"?>
<slave>
  <name>${xmlText(node.name)}</name>
  <description>${xmlText(node.description)}</description>
  <remoteFS>${xmlText(node.remoteFs)}</remoteFS>
  <numExecutors>1</numExecutors>
  <mode>EXCLUSIVE</mode>
  <retentionStrategy class="${ALWAYS}"/>
  <launcher class="${LAUNCHER}">
    <workDirSettings><disabled>false</disabled><internalDir>remoting</internalDir><failIfWorkDirIsMissing>false</failIfWorkDirIsMissing></workDirSettings>
    <webSocket>true</webSocket>
  </launcher>
  <label>${xmlText(labelString(node.labels))}</label>
  <nodeProperties/>
</slave>`;
}

/** Labels parted by blanks; one that holds a blank or a quote stands in quotes. */
function labelString(labels: readonly string[]): string {
  return labels
    .map((label) => (/[\s"\\]/.test(label) ? `"${label.replace(/["\\]/g, '\\$&')}"` : label))
    .join(' ');
}

function xmlText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
