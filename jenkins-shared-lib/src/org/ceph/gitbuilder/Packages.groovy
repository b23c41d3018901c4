package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** What is known of packages by their names, and of cells by their variables. Pure. */
class Packages implements Serializable {
    private static final long serialVersionUID = 1L

    /** Files by the arch that they are uploaded for; what says nothing of itself is of the cell's. */
    @NonCPS
    static Map byArch(List files, String arch) {
        Map found = [:]
        for (file in files) {
            String of = file.endsWith('.src.rpm') ? 'source' : arch
            if (found[of] == null) found[of] = []
            found[of] << file
        }
        return found
    }

    @NonCPS
    static List archsOf(Map byArch) {
        return new ArrayList(byArch.keySet())
    }

    /** `GITBUILDER_DISTRO_VERSION=noble` for distroVersion, and so on. */
    @NonCPS
    static List variables(Map facts) {
        List found = []
        for (name in facts.keySet()) {
            String variable = name.replaceAll('([A-Z])', '_$1').toUpperCase()
            found << "GITBUILDER_${variable}=${facts[name]}".toString()
        }
        return found
    }
}
