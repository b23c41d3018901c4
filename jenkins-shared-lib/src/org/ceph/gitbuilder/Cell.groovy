package org.ceph.gitbuilder

/** One distro, arch and flavor of a build, from an agent to a repository that can be used. */
class Cell implements Serializable {
    private static final long serialVersionUID = 1L

    final Object script
    final Map values
    final Map asked
    final Map build
    final Map cell

    Cell(Object script, Map values, Map asked, Map build, Map cell) {
        this.script = script
        this.values = values
        this.asked = asked
        this.build = build
        this.cell = cell
    }

    /** [state: built | there | thrown away, url, list]: how it ended, and where its repository is. */
    Map run() {
        if (!asked.throwaway && !asked.force) {
            Map there = there()
            if (there != null) return there
        }
        Map published = [:]
        Map reported = place() + [arch: cell.arch, label: cell.label, extra: [version: build.version]]
        script.withShamanBuild(Servers.reported(values, reported)) {
            script.deleteDir()
            script.unstash(Source.STASH)
            compile()
            if (!asked.throwaway) {
                upload()
                published = publish()
            }
        }
        if (asked.throwaway) return [state: 'thrown away']
        // Not within: to shaman, what is being built is not ready. And the agent is free meanwhile.
        return repository('built', published.generation)
    }

    /** The repository of an earlier build of this very cell, if it can still be used. */
    private Map there() {
        if (!script.shamanHasBuild(Servers.shaman(values, place() + [arch: cell.arch]))) return null
        script.echo("gitbuilder: ${cell.name} is there already; FORCE builds it again".toString())
        return repository('there', null)
    }

    private void compile() {
        script.withEnv(variables()) {
            if (values.build != null) {
                values.build(cellFacts())
            } else if (build.buildScript != null) {
                script.sh(script: resource('run-build-script.sh'), label: "build ${cell.name}".toString())
            } else {
                script.sh(script: resource("build-${cell.kind}.sh"), label: "build ${cell.name}".toString())
            }
        }
    }

    /**
     * Packages of one arch each; source packages of yum have a place of their own. What an earlier try of this cell
     * left is replaced, as no build makes the same bytes twice; but a source package is that of the first cell that
     * has one, since all make it.
     */
    private void upload() {
        List found = []
        for (pattern in Matrix.words(values.packages)) {
            for (file in script.findFiles(glob: pattern)) found << file.path
        }
        if (found.isEmpty()) script.error("gitbuilder: ${cell.name} left no packages in ${values.packages}".toString())
        Map byArch = Packages.byArch(found, cell.arch)
        for (arch in Packages.archsOf(byArch)) {
            boolean shared = arch == 'source' && !asked.force
            // Thousands of names do not fit into a variable.
            String list = "files-${arch}.txt".toString()
            script.writeFile(file: list, text: byArch[arch].join('\n'))
            script.uploadToChacra(
                Servers.chacra(values, build, place() + [arch: arch, filesFrom: list, force: !shared, keep: shared])
            )
        }
    }

    private Map publish() {
        Map repo = Servers.chacra(values, build, place())
        script.chacraRepoExtra(repo + [extra: extra()])
        return script.chacraRepoUpdate(repo)
    }

    private Map repository(String state, Object generation) {
        Map asked = place() + [arch: cell.arch, minutes: values.waitMinutes]
        if (generation != null) asked.generation = generation
        Map facts = script.waitForRepo(Servers.shaman(values, asked))
        return [state: state, url: facts.url, chacraUrl: facts.chacra_url]
    }

    private Map place() {
        return [
            project: build.project, ref: build.ref, sha1: build.sha1,
            distro: cell.distro, distroVersion: cell.distroVersion, flavor: cell.flavor,
        ]
    }

    private Map extra() {
        return [
            version: build.version,
            package_manager_version: packageVersion(),
            build_url: script.env.BUILD_URL,
            root_build_cause: 'SCMTRIGGER',
            node_name: script.env.NODE_NAME ?: '',
            job_name: script.env.JOB_NAME,
        ]
    }

    private String resource(String name) {
        return script.libraryResource("org/ceph/gitbuilder/${name}".toString())
    }

    /** As its package manager says it, where the build left it. */
    private String packageVersion() {
        return script.fileExists('dist/package-version') ? script.readFile('dist/package-version').trim() : build.version
    }

    /** What a closure of the project is called with. */
    private Map cellFacts() {
        return place() + [arch: cell.arch, kind: cell.kind, platform: cell.platform, version: build.version]
    }

    private List variables() {
        return Packages.variables(cellFacts() + [release: asked.release, script: build.buildScript ?: ''])
    }
}
