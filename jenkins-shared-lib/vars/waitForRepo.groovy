// Generated from jenkins-shared-lib/catalogue/wait-for-repo.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.AwaitedRepo
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments; what is done then stands in src/org/ceph/gitbuilder/AwaitedRepo.groovy.
@Field final Map STEP = [
    name: 'waitForRepo',
    params: [
        project: [type: 'string', required: true],
        ref: [type: 'string', required: true],
        sha1: [type: 'string', required: true],
        distro: [type: 'string', required: true],
        distroVersion: [type: 'string', required: true],
        flavor: [type: 'string', usual: 'default'],
        arch: [type: 'string'],
        generation: [type: 'integer'],
        minutes: [type: 'integer', usual: 60],
        shaman: [type: 'string', required: true, from: 'GITBUILDER_SHAMAN'],
        credentials: [type: 'string', from: 'GITBUILDER_CREDENTIALS'],
    ],
    requests: [
        matrix: [
            method: 'GET',
            to: 'shaman',
            path: '/api/v1/matrix',
            query: [
                project: 'project',
                sha1: 'sha1',
                platforms: 'platforms',
                flavor: 'flavor',
                generation: 'generation',
                wait: 'waitSeconds',
            ],
            accepts: 'json',
        ],
    ],
]

Map call(Map args = [:]) {
    return new AwaitedRepo(new StepRunner(this, STEP)).run(args)
}
