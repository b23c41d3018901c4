package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** Tells what a build came to: a table for its description, and what to type to install from it. Pure. */
class Summary implements Serializable {
    private static final long serialVersionUID = 1L

    static final List GOOD = ['built', 'there', 'thrown away']

    /** Names of cells that did not end well. */
    @NonCPS
    static List failed(Map build) {
        List found = []
        for (cell in build.cells) {
            if (!GOOD.contains(stateOf(build, cell))) found << cell.name
        }
        return found
    }

    /** Plain text: what shows descriptions escapes markup, or should. */
    @NonCPS
    static String description(Map build) {
        Map counts = [:]
        for (cell in build.cells) {
            String state = stateOf(build, cell)
            counts[state] = (counts[state] ?: 0) + 1
        }
        List words = []
        for (state in counts.keySet()) words << "${counts[state]} ${state}".toString()
        String head = "${build.project} ${build.ref} ${build.sha1.substring(0, 12)} ${build.version}: ${words.join(', ')}".toString()
        return ([head] + rows(build)).join('\n')
    }

    /** The table, and for each repository the lines that install from it. */
    @NonCPS
    static String text(Map build) {
        List lines = ['', description(build), '']
        for (cell in build.cells) {
            Map ended = build.results[cell.name] ?: [:]
            if (ended.chacraUrl == null) continue
            lines << "${cell.name}:".toString()
            for (line in installLines(build, cell, ended.chacraUrl)) lines << "    ${line}".toString()
        }
        return lines.join('\n')
    }

    @NonCPS
    static List installLines(Map build, Map cell, String chacraUrl) {
        // Lines are pasted into shells, and a project may be called by the source of any branch.
        String name = build.project.toString().replaceAll('[^A-Za-z0-9_-]', '_')
        if (cell.kind == 'deb') {
            return [
                "sudo curl -fsSL -o /etc/apt/sources.list.d/${name}.sources '${chacraUrl}repo?format=sources'".toString(),
                'sudo apt-get update',
            ]
        }
        String folder = cell.distro == 'opensuse' || cell.distro == 'sles' ? '/etc/zypp/repos.d' : '/etc/yum.repos.d'
        return ["sudo curl -fsSL -o ${folder}/${name}.repo '${chacraUrl}repo'".toString()]
    }

    /** What the step answers: no object that could not be kept or sent. */
    @NonCPS
    static Map answer(Map build) {
        List cells = []
        for (cell in build.cells) {
            Map one = [name: cell.name, distro: cell.distro, distroVersion: cell.distroVersion, arch: cell.arch, flavor: cell.flavor]
            one.putAll(build.results[cell.name] ?: [:])
            cells << one
        }
        return [project: build.project, ref: build.ref, sha1: build.sha1, version: build.version, cells: cells]
    }

    @NonCPS
    private static List rows(Map build) {
        int width = 0
        for (cell in build.cells) if (cell.name.length() > width) width = cell.name.length()
        List rows = []
        for (cell in build.cells) {
            Map ended = build.results[cell.name] ?: [:]
            String more = ended.why ?: ended.url ?: ''
            if (more.length() > 200) more = more.substring(0, 200)
            rows << "${cell.name.padRight(width)}  ${stateOf(build, cell)}  ${more.split('\n')[0]}".toString().trim()
        }
        return rows
    }

    @NonCPS
    private static String stateOf(Map build, Map cell) {
        Map ended = build.results[cell.name]
        return ended == null ? 'not begun' : ended.state
    }
}
