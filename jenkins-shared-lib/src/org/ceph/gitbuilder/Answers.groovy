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
}
