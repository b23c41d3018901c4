package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonSlurper

/** What answers of the services say, as plain maps and lists. Pure: no step is called from here. */
class Answers implements Serializable {
    private static final long serialVersionUID = 1L

    /** The service's own words where it has some, and what to do. */
    @NonCPS
    static String refusal(String server, Map answered) {
        if (answered.status == 0) return "${server} does not answer: ${answered.text}"
        Map said = fields(answered.text, ['message', 'advice'])
        String words = said.message ?: answered.text.replaceAll(/<[^>]*>/, ' ').replaceAll(/\s+/, ' ').trim()
        if (words.length() > 300) words = words.substring(0, 300)
        String advice = said.advice ? "\n${said.advice}" : ''
        return "${server} answered ${answered.status}: ${words}${advice}"
    }

    /** An answer as its step gives it back: a text, the fields that are named, or nothing. */
    @NonCPS
    static Object of(Object kind, String text) {
        if (kind instanceof List) return fields(text, kind)
        return kind == 'text' ? text.trim() : null
    }

    /** Some fields of a JSON object, those that are texts, numbers or true and false; empty for anything else. */
    @NonCPS
    static Map fields(String text, List names) {
        Map found = [:]
        Object parsed
        try {
            parsed = new JsonSlurper().parseText(text)
        } catch (Exception e) {
            return found
        }
        if (!(parsed instanceof Map)) return found
        for (name in names) {
            Object value = parsed[name]
            if (value instanceof String || value instanceof Number || value instanceof Boolean) found[name] = value
        }
        return found
    }

    /** How a platform is asked for: ubuntu/noble/x86_64, or without an arch. */
    @NonCPS
    static String platform(Map values) {
        String release = "${values.distro}/${values.distroVersion}"
        return values.arch == null ? release : "${release}/${values.arch}".toString()
    }

    /** Of an answer to "is it built": done, and the one cell that was asked for: state, why, url, repo. */
    @NonCPS
    static Map cell(String text) {
        Map found = fields(text, ['done'])
        if (found.isEmpty()) return [done: false, state: 'unknown']
        Map parsed = new JsonSlurper().parseText(text)
        Map asked = parsed.platforms[0]
        for (name in ['state', 'why', 'url']) found[name] = asked[name] == null ? null : asked[name].toString()
        Map repo = [:]
        for (name in ['chacra_url', 'status', 'generation', 'live_generation']) {
            if (asked.repo != null) repo[name] = asked.repo[name]
        }
        found.repo = repo
        return found
    }

    /** Of an answer to "what is the latest": why the newest sha1 of the ref is not it; null when there is none. */
    @NonCPS
    static String newest(String text) {
        if (fields(text, ['done']).isEmpty()) return null
        Map newest = new JsonSlurper().parseText(text).newest
        if (newest == null) return null
        List missing = []
        for (cell in newest.missing) missing << "${cell.platform} ${cell.state}${cell.why == null ? '' : ': ' + cell.why}"
        return "${newest.sha1}, cannot be used: ${missing.join('; ')}".toString()
    }

    /** The repository of a cell that is ready. */
    @NonCPS
    static Map repo(Map cell) {
        Map repo = [url: cell.url]
        repo.putAll(cell.repo)
        return repo
    }
}
