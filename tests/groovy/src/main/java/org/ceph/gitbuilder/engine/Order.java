package org.ceph.gitbuilder.engine;

import java.io.File;
import java.util.List;
import java.util.Map;

/** What to run and in what surroundings, as the driver says it; a controller, a job and its agents. */
record Order(
    String id,
    String script,
    File library,
    /** Where workspaces, stashes and artifacts go. */
    File folder,
    /** `none`; `script`: of a trusted library; `all`: of an untrusted one and of folder libraries. */
    String sandbox,
    /** Whether classes are loaded anew at each suspension, as after a restart. */
    boolean strict,
    Map<String, Object> parameters,
    Map<String, Object> env,
    Map<String, Map<String, Object>> credentials,
    /** `scm` of the job: url and branch; empty when its script comes from no repository. */
    Map<String, Object> scm,
    /** Labels, as patterns, that no agent will ever have. */
    List<String> absentLabels,
    /** Seconds of a `sleep` last this much shorter. */
    double speed,
    /** PATH on agents. */
    String path,
    /** A command that processes of agents are started by, such as strace; empty for none. */
    List<String> runBy,
    /** Whether the driver brings agents; else each `node` has one at once, a folder of this machine. */
    boolean asksForAgents) {

  @SuppressWarnings("unchecked") // JSON of our own driver
  static Order parse(Map<String, Object> json) {
    return new Order(
        (String) json.get("id"),
        (String) json.get("script"),
        new File((String) json.get("library")),
        new File((String) json.get("folder")),
        (String) json.getOrDefault("sandbox", "all"),
        (Boolean) json.getOrDefault("strict", false),
        (Map<String, Object>) json.getOrDefault("parameters", Map.of()),
        (Map<String, Object>) json.getOrDefault("env", Map.of()),
        (Map<String, Map<String, Object>>) json.getOrDefault("credentials", Map.of()),
        (Map<String, Object>) json.getOrDefault("scm", Map.of()),
        (List<String>) json.getOrDefault("absentLabels", List.of()),
        ((Number) json.getOrDefault("speed", 1)).doubleValue(),
        (String) json.getOrDefault("path", System.getenv("PATH")),
        (List<String>) json.getOrDefault("runBy", List.of()),
        (Boolean) json.getOrDefault("asksForAgents", false));
  }

  boolean sandboxed() {
    return !sandbox.equals("none");
  }

  boolean sandboxesLibrary() {
    return sandbox.equals("all");
  }

  String job() {
    return (String) env.getOrDefault("JOB_NAME", "build");
  }

  String number() {
    return (String) env.getOrDefault("BUILD_NUMBER", "1");
  }

  String jenkins() {
    return (String) env.getOrDefault("JENKINS_URL", "https://jenkins.example.org/");
  }
}
