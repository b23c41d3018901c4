// Generated from jenkins-shared-lib/catalogue/upload-to-chacra.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments, and runs these scripts of resources/ on the agent with the arguments as variables.
@Field final Map STEP = [
    name: 'uploadToChacra',
    params: [
        files: [type: 'strings', variable: 'GITBUILDER_FILES'],
        filesFrom: [type: 'string', variable: 'GITBUILDER_FILES_FROM'],
        project: [type: 'string', required: true, variable: 'GITBUILDER_PROJECT'],
        ref: [type: 'string', required: true, variable: 'GITBUILDER_REF'],
        sha1: [type: 'string', required: true, variable: 'GITBUILDER_SHA1'],
        distro: [type: 'string', required: true, variable: 'GITBUILDER_DISTRO'],
        distroVersion: [type: 'string', required: true, variable: 'GITBUILDER_DISTRO_VERSION'],
        flavor: [type: 'string', usual: 'default', variable: 'GITBUILDER_FLAVOR'],
        arch: [type: 'string', required: true, variable: 'GITBUILDER_ARCH'],
        chacra: [type: 'string', variable: 'GITBUILDER_CHACRA'],
        shaman: [type: 'string', from: 'GITBUILDER_SHAMAN', variable: 'GITBUILDER_SHAMAN'],
        force: [type: 'boolean', usual: false, variable: 'GITBUILDER_FORCE'],
        keep: [type: 'boolean', usual: false, variable: 'GITBUILDER_KEEP'],
        parallel: [type: 'integer', usual: 16, variable: 'GITBUILDER_PARALLEL'],
        retries: [type: 'integer', usual: 5, variable: 'GITBUILDER_RETRIES'],
        credentials: [type: 'string', usual: 'gitbuilder', from: 'GITBUILDER_CREDENTIALS'],
    ],
    shell: [
        'org/ceph/gitbuilder/ask.sh',
        'org/ceph/gitbuilder/sent-files.sh',
        'org/ceph/gitbuilder/upload-to-chacra.sh',
    ],
]

void call(Map args = [:]) {
    new StepRunner(this, STEP).run(args)
}
