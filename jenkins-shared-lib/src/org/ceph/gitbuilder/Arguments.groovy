package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** Reads what a step was called with against its facts. Pure: no step is called from here. */
class Arguments implements Serializable {
    private static final long serialVersionUID = 1L

    /**
     * The arguments as plain strings, booleans, integers, lists and maps; those that are absent are null.
     * `problem` says in a sentence what is wrong, `values` holds them when nothing is.
     */
    @NonCPS
    static Map read(Map step, Map given, Map environment) {
        List names = []
        for (name in step.params.keySet()) names << name
        for (name in given.keySet()) {
            if (!names.contains(name.toString())) {
                return [problem: "there is no argument '${name}'; it takes ${names.join(', ')}".toString()]
            }
        }
        Map values = [:]
        for (name in names) {
            Map param = step.params[name]
            Object value = given[name]
            if (isAbsent(value) && param.from != null) value = environment[param.from]
            if (isAbsent(value)) value = param.usual
            if (isAbsent(value)) {
                if (param.required) return [problem: missing(name, param)]
                values[name] = null
                continue
            }
            Object plain = plainValue(param.type, value)
            if (plain == null) return [problem: "'${name}' must be ${WORDS[param.type]}, not: ${value}".toString()]
            if (param.oneOf != null && !param.oneOf.contains(plain)) {
                return [problem: "'${name}' must be one of ${param.oneOf.join(', ')}, not: ${plain}".toString()]
            }
            values[name] = plain
        }
        return [values: values]
    }

    private static final Map WORDS = [
        string: 'a text',
        strings: 'a text or a list of texts, each of one line',
        boolean: 'true or false',
        integer: 'a whole number',
        map: 'a map',
        list: 'a list',
        closure: 'a closure',
    ]

    @NonCPS
    private static String missing(String name, Map param) {
        String elsewhere = param.from == null ? '' : " (or set the environment variable ${param.from})"
        return "the argument '${name}' is missing${elsewhere}"
    }

    @NonCPS
    private static boolean isAbsent(Object value) {
        return value == null || (value instanceof CharSequence && value.toString() == '')
    }

    /** The value without GStrings and the like; null when it is of another type. */
    @NonCPS
    private static Object plainValue(String type, Object value) {
        switch (type) {
            case 'string':
                return value instanceof CharSequence || value instanceof Number ? value.toString() : null
            case 'boolean':
                if (value instanceof Boolean) return value
                return ['true', 'false'].contains(value.toString()) ? value.toString() == 'true' : null
            case 'integer':
                return value.toString() ==~ /\d{1,9}/ ? Integer.parseInt(value.toString()) : null
            case 'strings':
                return plainStrings(value)
            case 'map':
                return value instanceof Map ? value : null
            case 'list':
                return value instanceof List ? value : null
            default:
                return value
        }
    }

    /** One name a line is how they reach the shell, so that none may hold a line break. */
    @NonCPS
    private static List plainStrings(Object value) {
        List plain = []
        for (each in (value instanceof List ? value : [value])) {
            String text = each == null ? '' : each.toString()
            if (text == '' || text.contains('\n')) return null
            plain << text
        }
        return plain
    }
}
