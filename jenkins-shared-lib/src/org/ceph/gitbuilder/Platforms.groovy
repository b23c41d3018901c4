package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** What people call a platform, and what it is: noble is Ubuntu's release of that name and takes debs. Pure. */
class Platforms implements Serializable {
    private static final long serialVersionUID = 1L

    /** Codenames of the releases that are still built for; a test holds them to the table of the services. */
    static final Map CODENAMES = [
        ubuntu: ['bionic', 'focal', 'jammy', 'noble', 'plucky', 'questing', 'resolute'],
        debian: ['buster', 'bullseye', 'bookworm', 'trixie', 'forky'],
    ]

    /** A name, or a map of rules that says what it is; null for a name that nobody knows. */
    @NonCPS
    static Map read(String name, Map known) {
        Map said = known == null ? null : known[name]
        if (said != null) {
            return [platform: name, distro: said.distro, distroVersion: said.distroVersion.toString(), kind: said.kind]
        }
        for (distro in CODENAMES.keySet()) {
            if (CODENAMES[distro].contains(name)) {
                return [platform: name, distro: distro, distroVersion: name, kind: 'deb']
            }
        }
        String letters = name.replaceAll(/\d.*$/, '')
        String digits = name.substring(letters.length())
        if (letters == '' || !(digits ==~ /\d[\d.]*/)) return null
        return [platform: name, distro: letters == 'leap' ? 'opensuse' : letters, distroVersion: digits, kind: 'rpm']
    }
}
