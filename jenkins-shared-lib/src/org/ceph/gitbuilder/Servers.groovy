package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** Hands the addresses and credentials that a step was given on to the steps that it calls. Pure. */
class Servers implements Serializable {
    private static final long serialVersionUID = 1L

    @NonCPS
    static Map shaman(Map values, Map more) {
        return with(values, ['shaman', 'credentials'], more)
    }

    @NonCPS
    static Map chacra(Map values, Map build, Map more) {
        Map all = with(values, ['credentials'], more)
        all.chacra = build.chacra
        return all
    }

    @NonCPS
    static Map reported(Map values, Map more) {
        return with(values, ['shaman', 'agents', 'credentials'], more)
    }

    @NonCPS
    static Map agents(Map values, Map more) {
        return with(values, ['agents', 'credentials'], more)
    }

    @NonCPS
    private static Map with(Map values, List names, Map more) {
        Map all = [:]
        for (name in names) {
            if (values[name] != null) all[name] = values[name]
        }
        all.putAll(more)
        return all
    }
}
