// Generated from jenkins-shared-lib/catalogue/use-repo.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments, and runs these scripts of resources/ on the agent with the arguments as variables.
@Field final Map STEP = [
    name: 'useRepo',
    params: [
        project: [type: 'string', required: true, variable: 'GITBUILDER_PROJECT'],
        ref: [type: 'string', required: true, variable: 'GITBUILDER_REF'],
        sha1: [type: 'string', usual: 'latest', variable: 'GITBUILDER_SHA1'],
        distro: [type: 'string', required: true, variable: 'GITBUILDER_DISTRO'],
        distroVersion: [type: 'string', required: true, variable: 'GITBUILDER_DISTRO_VERSION'],
        flavor: [type: 'string', usual: 'default', variable: 'GITBUILDER_FLAVOR'],
        arch: [type: 'string', variable: 'GITBUILDER_ARCH'],
        signed: [type: 'boolean', usual: false, variable: 'GITBUILDER_SIGNED'],
        into: [type: 'string', variable: 'GITBUILDER_INTO'],
        retries: [type: 'integer', usual: 5, variable: 'GITBUILDER_RETRIES'],
        shaman: [
            type: 'string',
            required: true,
            from: 'GITBUILDER_SHAMAN',
            variable: 'GITBUILDER_SHAMAN',
        ],
        credentials: [type: 'string', from: 'GITBUILDER_CREDENTIALS'],
    ],
    shell: ['org/ceph/gitbuilder/ask.sh', 'org/ceph/gitbuilder/use-repo.sh'],
]

void call(Map args = [:]) {
    new StepRunner(this, STEP).run(args)
}
