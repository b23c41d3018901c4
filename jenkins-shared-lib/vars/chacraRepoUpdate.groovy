// Generated from jenkins-shared-lib/catalogue/chacra-repo-update.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments, and makes this request.
@Field final Map STEP = [
    name: 'chacraRepoUpdate',
    params: [
        project: [type: 'string', required: true],
        ref: [type: 'string', required: true],
        sha1: [type: 'string', required: true],
        distro: [type: 'string', required: true],
        distroVersion: [type: 'string', required: true],
        flavor: [type: 'string', usual: 'default'],
        chacra: [type: 'string', required: true],
        credentials: [type: 'string', usual: 'gitbuilder', from: 'GITBUILDER_CREDENTIALS'],
    ],
    request: [
        method: 'POST',
        to: 'chacra',
        path: '/repos/{project}/{ref}/{sha1}/{distro}/{distroVersion}/flavors/{flavor}/update',
        accepts: 'json',
        needsKey: true,
    ],
    answer: ['generation', 'status', 'url'],
]

Map call(Map args = [:]) {
    return new StepRunner(this, STEP).run(args)
}
