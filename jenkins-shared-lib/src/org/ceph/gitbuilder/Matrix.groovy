package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** Which cells a build has: what was asked for, else what the commit says, the rules of its branch, the defaults. Pure. */
class Matrix implements Serializable {
    private static final long serialVersionUID = 1L

    static final List AXES = ['distros', 'archs', 'flavors']

    /**
     * [distros, archs, flavors], each a list: the parameters of the build win, then trailers of the commit message
     * (`DISTROS: noble jammy`, where the rules allow them), then the first rule of the branch, then the defaults.
     */
    @NonCPS
    static Map wanted(Map asked, Map rules, String ref, String message) {
        Map branch = branchRule(rules.branches, ref)
        Map trailers = trailers(rules.trailers, message)
        Map defaults = rules.defaults ?: [:]
        Map wanted = [:]
        for (axis in AXES) {
            wanted[axis] = words(asked[axis]) ?: words(trailers[axis.toUpperCase()]) ?: words(branch[axis]) ?:
                words(defaults[axis])
        }
        if (!wanted.flavors) wanted.flavors = ['default']
        return wanted
    }

    /** [cells, excluded, problem]: a cell for each distro × arch × flavor that no rule excludes. */
    @NonCPS
    static Map plan(Map wanted, Map rules, String label) {
        List cells = []
        List excluded = []
        for (axis in AXES) {
            if (!wanted[axis]) return [problem: "no ${axis} are named: fill in ${axis.toUpperCase()}, or give the project defaults in its rules, gitbuilder.json".toString()]
        }
        for (platform in wanted.distros) {
            Map what = Platforms.read(platform, rules.platforms)
            if (what == null) {
                return [problem: "'${platform}' is no platform that gitbuilder knows; name it in the rules, under platforms".toString()]
            }
            for (arch in wanted.archs) {
                for (flavor in wanted.flavors) {
                    Map cell = [name: "${platform} ${arch} ${flavor}".toString(), arch: arch, flavor: flavor]
                    cell.putAll(what)
                    if (isExcluded(cell, rules.excludes)) {
                        excluded << cell.name
                    } else {
                        cell.label = filled(rules.label ?: label, cell)
                        cells << cell
                    }
                }
            }
        }
        if (cells.isEmpty()) {
            return [problem: "the rules exclude all that was asked for: ${AXES.collect { axis -> axis + ' ' + wanted[axis].join(' ') }.join(', ')}".toString()]
        }
        return [cells: cells, excluded: excluded]
    }

    /** A list, or a text of words between blanks or commas. */
    @NonCPS
    static List words(Object value) {
        if (value == null) return []
        List found = []
        for (each in (value instanceof List ? value : value.toString().split(/[\s,]+/))) {
            String word = each.toString()
            if (word != '' && !found.contains(word)) found << word
        }
        return found
    }

    /** The first rule whose pattern the ref matches, or none. */
    @NonCPS
    private static Map branchRule(Object rules, String ref) {
        for (rule in (rules ?: [])) {
            for (pattern in words(rule.match)) {
                if (matches(ref, pattern)) return rule
            }
        }
        return [:]
    }

    /** `DISTROS: noble`, `CI-COMPILE: false`: lines of the commit message whose names the rules allow. */
    @NonCPS
    static Map trailers(Object allowed, String message) {
        Map found = [:]
        for (line in (message ?: '').split('\n')) {
            int colon = line.indexOf(':')
            if (colon < 1) continue
            String name = line.substring(0, colon).trim().toUpperCase().replace('-', '_')
            if (words(allowed).contains(name)) found[name] = line.substring(colon + 1).trim()
        }
        return found
    }

    /** A rule holds when all that it names fits, and nothing of its `unless`. */
    @NonCPS
    private static boolean isExcluded(Map cell, Object rules) {
        for (rule in (rules ?: [])) {
            if (!fits(cell, rule)) continue
            if (rule.unless == null || !fits(cell, rule.unless)) return true
        }
        return false
    }

    @NonCPS
    private static boolean fits(Map cell, Map rule) {
        for (key in ['platform', 'distro', 'distroVersion', 'arch', 'flavor']) {
            if (rule[key] == null) continue
            boolean any = false
            for (pattern in words(rule[key])) {
                if (matches(cell[key].toString(), pattern)) any = true
            }
            if (!any) return false
        }
        return true
    }

    /** `*` stands for any characters. */
    @NonCPS
    static boolean matches(String text, String pattern) {
        String regex = ''
        for (part in pattern.split(/\*/, -1)) regex += (regex == '' ? '' : '.*') + java.util.regex.Pattern.quote(part)
        return text ==~ regex
    }

    @NonCPS
    private static String filled(String template, Map cell) {
        String text = template
        for (key in ['platform', 'distro', 'distroVersion', 'arch', 'flavor']) {
            text = text.replace("{${key}}".toString(), cell[key].toString())
        }
        return text
    }
}
