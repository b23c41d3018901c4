package org.ceph.gitbuilder

/** The source of a build, checked out and packed once; every cell starts from the same bytes. */
class Source implements Serializable {
    private static final long serialVersionUID = 1L

    static final String STASH = 'gitbuilder-source'

    final Object script
    final Map values
    final Map asked

    Source(Object script, Map values, Map asked) {
        this.script = script
        this.values = values
        this.asked = asked
    }

    /** [project, ref, sha1, version, message, rules]: what is built, and the rules that came with it. */
    Map prepare() {
        Map build = [:]
        script.stage('source') {
            script.onAgent(Servers.agents(values, [label: values.sourceLabel])) {
                script.deleteDir()
                Map job = jobOf()
                script.dir('source') {
                    String url = checkout(job)
                    build = read(job, url)
                    pack(build)
                }
            }
        }
        return build
    }

    /** [url, rules]: what stands beside the Jenkinsfile; rules there come before those of the source. */
    private Map jobOf() {
        Map job = [:]
        Object scm = scmOfJob()
        if (scm == null) return job
        script.dir('job') {
            Map got = script.checkout(scm)
            job.url = got.GIT_URL
            if (script.fileExists(values.rulesFile)) job.rules = rulesIn(values.rulesFile)
        }
        return job
    }

    /** A job whose script was typed into its form has none, and says so with an exception. */
    private Object scmOfJob() {
        try {
            return script.scm
        } catch (Exception e) {
            return null
        }
    }

    private Map rulesIn(String file) {
        return script.readJSON(file: file, returnPojo: true)
    }

    private String checkout(Map job) {
        Map rules = values.rules ?: job.rules ?: [:]
        String url = Asked.repository(asked.repository, rules) ?: job.url
        if (url == null) script.error('gitbuilder: no repository is named: set REPOSITORY, or give the job one')
        Map remote = [url: url]
        if (values.gitCredentials != null) remote.credentialsId = values.gitCredentials
        script.checkout([
            $class: 'GitSCM',
            branches: [[name: asked.sha1 ?: asked.ref]],
            userRemoteConfigs: [remote],
            extensions: [[$class: 'SubmoduleOption', recursiveSubmodules: true, parentCredentials: true]],
        ])
        return url
    }

    private Map read(Map job, String url) {
        Map rules = values.rules ?: job.rules
        if (rules == null) rules = script.fileExists(values.rulesFile) ? rulesIn(values.rulesFile) : [:]
        return [
            project: values.project ?: rules.project ?: Asked.projectOf(url),
            ref: Asked.refOf(asked.ref),
            sha1: output('git rev-parse HEAD', 'sha1 of the checkout'),
            message: output('git log -1 --format=%B', 'message of the commit'),
            rules: rules,
            buildScript: values.buildScript ?: rules.buildScript,
        ]
    }

    /** Leaves `dist/` with the source and its version, by the project's own way or the usual one. */
    private void pack(Map build) {
        script.withEnv(Packages.variables([
            project: build.project, ref: build.ref, sha1: build.sha1, release: asked.release,
            script: values.sourceScript ?: build.rules.sourceScript ?: '', buildScript: build.buildScript ?: '',
        ])) {
            if (values.source != null) {
                values.source(build)
            } else {
                script.sh(script: resource('prepare-source.sh'), label: 'source')
            }
        }
        build.version = script.readFile('dist/version').trim()
        script.stash(name: STASH, includes: 'dist/**')
    }

    private String resource(String name) {
        return script.libraryResource("org/ceph/gitbuilder/${name}".toString())
    }

    private String output(String command, String label) {
        return script.sh(script: command, returnStdout: true, label: label).trim()
    }
}
