// Job DSL: one job for every project; who starts it says what to build. docs/pipeline.md explains its parameters.
pipelineJob('gitbuilder') {
    description('Builds a branch of a project for every platform and publishes what can be installed.')
    logRotator {
        daysToKeep(30)
        numToKeep(500)
    }
    parameters {
        stringParam('BRANCH', 'main', 'branch or tag to build')
        stringParam('SHA1', '', 'commit to build; empty for the tip of BRANCH')
        stringParam('REPOSITORY', '', 'Git address of the source, or its name in the rules')
        stringParam('DISTROS', '', 'what to build for, with blanks between; empty: as the rules say')
        stringParam('ARCHS', '', 'for which architectures, with blanks between')
        stringParam('FLAVORS', '', 'which variants, with blanks between')
        booleanParam('FORCE', false, 'build also what is there already')
        booleanParam('THROWAWAY', false, 'upload nothing')
        booleanParam('RELEASE', false, 'an upstream release: packages get the version of the tag')
    }
    definition {
        cpsScm {
            scm {
                git {
                    remote { url(System.getenv('LIBRARY_REPOSITORY')) }
                    branch(System.getenv('LIBRARY_VERSION') ?: 'main')
                }
            }
            scriptPath('Jenkinsfile')
            lightweight(true)
        }
    }
}
