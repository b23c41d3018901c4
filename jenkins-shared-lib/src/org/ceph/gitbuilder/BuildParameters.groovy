package org.ceph.gitbuilder

import com.cloudbees.groovy.cps.NonCPS

/** The parameters of a job: what a person is asked, and what was answered. */
class BuildParameters implements Serializable {
    private static final long serialVersionUID = 1L

    final StepRunner runner
    final Object script

    BuildParameters(StepRunner runner) {
        this.runner = runner
        this.script = runner.script
    }

    Map run(Map given) {
        Map values = runner.arguments(given)
        List asked = parameters(values)
        if (values.declare) {
            List declared = []
            for (each in asked) declared << declaration(each)
            script.properties([script.parameters(declared)])
        }
        Map answers = [:]
        for (each in asked) {
            Object answer = script.params[each.name]
            answers[each.name] = answer == null ? each.usual : answer
        }
        return answers
    }

    private Object declaration(Map each) {
        if (each.kind == 'flag') {
            return script.booleanParam(name: each.name, defaultValue: each.usual, description: each.help)
        }
        if (each.kind == 'choices') {
            return script.choice(name: each.name, choices: each.choices, description: each.help)
        }
        return script.string(name: each.name, defaultValue: each.usual, description: each.help, trim: true)
    }

    @NonCPS
    private static List parameters(Map values) {
        Map byName = [:]
        List ours = [
            [name: 'BRANCH', default: values.ref, help: 'branch or tag to build'],
            [name: 'SHA1', default: '', help: 'commit to build; empty for the tip of BRANCH'],
            [name: 'DISTROS', default: words(values.distros), help: 'what to build for, with blanks between'],
            [name: 'ARCHS', default: words(values.archs), help: 'for which architectures, with blanks between'],
            [name: 'FLAVORS', default: words(values.flavors), help: 'which variants, with blanks between'],
            [name: 'FORCE', flag: false, help: 'build also what is there already'],
            [name: 'THROWAWAY', flag: false, help: 'upload nothing'],
        ]
        for (each in ours + (values.parameters ?: [])) byName[each.name.toString()] = plain(each)
        return new ArrayList(byName.values())
    }

    @NonCPS
    private static Map plain(Map each) {
        String name = each.name.toString()
        String help = each.help == null ? '' : each.help.toString()
        if (each.choices != null) {
            List choices = []
            for (choice in each.choices) choices << choice.toString()
            return [kind: 'choices', name: name, help: help, choices: choices, usual: choices[0]]
        }
        if (each.flag != null) return [kind: 'flag', name: name, help: help, usual: each.flag == true]
        return [kind: 'text', name: name, help: help, usual: each.default == null ? '' : each.default.toString()]
    }

    @NonCPS
    private static String words(List values) {
        return values == null ? '' : values.join(' ')
    }
}
