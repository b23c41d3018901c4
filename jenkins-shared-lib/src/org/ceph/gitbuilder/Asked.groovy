package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** What is to be built: what the parameters of the job say. Pure. */
class Asked implements Serializable {
    private static final long serialVersionUID = 1L

    @NonCPS
    static Map of(Map values, Map said) {
        return [
            ref: text(said.BRANCH) ?: values.ref,
            sha1: text(said.SHA1) ?: values.sha1,
            repository: text(said.REPOSITORY) ?: text(said.CEPH_REPO),
            distros: text(said.DISTROS),
            archs: text(said.ARCHS),
            flavors: text(said.FLAVORS) ?: text(said.FLAVOR),
            force: flag(said.FORCE),
            throwaway: flag(said.THROWAWAY),
            release: flag(said.RELEASE),
        ]
    }

    /** The branch of a ref as Ceph's developers write it: without the remote's name in front. */
    @NonCPS
    static String refOf(String branch) {
        return (branch ?: '').replaceFirst('^(refs/(heads|tags)/|origin/)', '')
    }

    /** An address, or the name of one in the rules; without either the first that the rules name. */
    @NonCPS
    static String repository(String asked, Map rules) {
        Map named = rules.repositories ?: [:]
        if (asked != null && asked != '') return named[asked] ?: asked
        for (name in named.keySet()) return named[name]
        return null
    }

    /** The name of a repository at the end of its address. */
    @NonCPS
    static String projectOf(String url) {
        return (url ?: '').replaceFirst('/+$', '').replaceFirst('\\.git$', '').replaceFirst('^.*[/:]', '')
    }

    @NonCPS
    private static String text(Object value) {
        return value == null ? '' : value.toString().trim()
    }

    @NonCPS
    private static boolean flag(Object value) {
        return value != null && value.toString() == 'true'
    }
}
