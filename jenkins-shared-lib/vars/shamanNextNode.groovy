// Generated from jenkins-shared-lib/catalogue/shaman-next-node.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments, and makes this request.
@Field final Map STEP = [
    name: 'shamanNextNode',
    params: [
        project: [type: 'string', required: true],
        ref: [type: 'string', required: true],
        sha1: [type: 'string', required: true],
        shaman: [type: 'string', required: true, from: 'GITBUILDER_SHAMAN'],
        credentials: [type: 'string', usual: 'gitbuilder', from: 'GITBUILDER_CREDENTIALS'],
    ],
    request: [
        method: 'GET',
        to: 'shaman',
        path: '/api/nodes/next',
        query: [sha1: 'sha1', project: 'project', ref: 'ref'],
        accepts: 'text',
        needsKey: true,
    ],
    answer: 'text',
]

String call(Map args = [:]) {
    return new StepRunner(this, STEP).run(args)
}
