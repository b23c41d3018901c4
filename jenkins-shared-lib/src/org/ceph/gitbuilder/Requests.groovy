package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS
import groovy.json.JsonOutput

/** What is sent for a step's arguments. Pure: no step is called from here. */
class Requests implements Serializable {
    private static final long serialVersionUID = 1L

    /** The names of a step's arguments, in a list that may be walked across steps. */
    @NonCPS
    static List names(Map step) {
        return new ArrayList(step.params.keySet())
    }

    /** The environment variables that stand in for arguments. */
    @NonCPS
    static List variables(Map step) {
        List found = []
        for (param in step.params.values()) {
            if (param.from != null) found << param.from
        }
        return found
    }

    /** A request as it leaves: [method, url, body, accepts, credentials]. */
    @NonCPS
    static Map asked(Map request, Map values) {
        String address = values[request.to].toString()
        String path = request.path
        for (name in values.keySet()) path = path.replace("{${name}}".toString(), encode(text(values[name])))
        List query = []
        for (name in (request.query ?: [:]).keySet()) {
            Object value = values[request.query[name]]
            String one = value instanceof List ? value.join(',') : text(value)
            if (value != null) query << "${encode(name)}=${encode(one)}"
        }
        return [
            method: request.method,
            url: address.replaceAll(/\/+$/, '') + path + (query ? '?' + query.join('&') : ''),
            body: request.json == null ? null : json(request.json, values),
            accepts: request.accepts == 'json' ? 'application/json' : 'text/plain',
            credentials: values.credentials,
        ]
    }

    @NonCPS
    private static String json(Object fields, Map values) {
        if (!(fields instanceof Map)) return JsonOutput.toJson(values[fields] ?: [:])
        Map body = [:]
        for (name in fields.keySet()) {
            Object value = values[fields[name]]
            if (value != null) body[name] = value
        }
        return JsonOutput.toJson(body)
    }

    /** A value as one text: true, 4, or one line for each of a list. */
    @NonCPS
    static String text(Object value) {
        if (value == null) return ''
        return value instanceof List ? value.join('\n') : value.toString()
    }

    /** One segment of a path or one value of a query. */
    @NonCPS
    static String encode(String text) {
        return URLEncoder.encode(text, 'UTF-8').replace('+', '%20')
    }
}
