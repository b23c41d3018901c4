package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Outcome;
import hudson.AbortException;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** `sh`: really runs the script in the workspace, as the durable-task plugin does. */
final class ShExecution extends Execution {
  private static final long serialVersionUID = 1;

  @Override
  void start(Build build) throws IOException {
    if (thread.context.folder == null) throw Steps.needsNode("sh");
    String script = call.must("script");
    build.facts.findLeaks("a script of sh, by interpolation", script);
    if (call.text("label") != null) build.facts.findLeaks("a label of sh", call.text("label"));
    File folder = new File(thread.context.env.get("WORKSPACE_TMP"), "durable-" + id);
    folder.mkdirs();
    File file = new File(folder, "script.sh");
    Files.writeString(file.toPath(), script);
    file.setExecutable(true);
    Map<String, String> variables = variables(build);
    List<String> command = new ArrayList<>(startedBy(build, variables));
    if (!script.startsWith("#!")) command.addAll(List.of("sh", "-xe"));
    command.add(file.getPath());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(thread.context.folder);
    Map<String, String> env = builder.environment();
    env.clear();
    env.putAll(variables);
    builder.redirectInput(new File("/dev/null"));
    Process process = builder.start();
    build.outside.started(id, thread.context.agent, process);
    Run run = new Run(build, id, thread.context, call, process);
    build.workers.execute(run);
  }

  private Map<String, String> variables(Build build) {
    Map<String, String> env = new LinkedHashMap<>();
    env.put("PATH", build.order.path());
    env.put("HOME", new File(build.order.folder(), "agents/" + thread.context.agent).getPath());
    env.put("LANG", "C.UTF-8");
    env.put("USER", "jenkins-build");
    env.putAll(build.facts.environment(thread.context));
    return env;
  }

  /** In the agent's container, where it has one: `docker exec` takes the variables' values from its own, by their names. */
  private List<String> startedBy(Build build, Map<String, String> variables) {
    List<String> shell = build.outside.shellOf(thread.context.agent);
    if (shell == null) return build.order.runBy();
    List<String> command = new ArrayList<>(shell);
    command.addAll(List.of("--workdir", thread.context.folder.getPath()));
    variables.keySet().forEach(name -> command.addAll(List.of("--env", name)));
    command.add(thread.context.agent);
    return command;
  }

  @Override
  void stop(Build build, Throwable cause) {
    build.facts.echo(thread.context, "Sending interrupt signal to process", build.outside);
    build.outside.kill(id);
    build.finish(this, new Outcome(null, cause));
  }

  private record Run(Build build, int id, Context context, StepCall call, Process process)
      implements Runnable {
    @Override
    public void run() {
      try {
        boolean returnsOutput = call.is("returnStdout", false);
        StringBuilder output = new StringBuilder();
        Thread errors = new Thread(() -> tell(process.errorReader(StandardCharsets.UTF_8)));
        errors.setDaemon(true);
        errors.start();
        if (returnsOutput) {
          output.append(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } else {
          tell(new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
        }
        errors.join();
        int status = process.waitFor();
        // A lost agent answers nothing; the end of its node block ends the step.
        if (!build.outside.ended(id)) return;
        if (call.is("returnStatus", false)) {
          build.finishLater(id, status, null);
        } else if (status != 0) {
          build.finishLater(id, null, new AbortException("script returned exit code " + status));
        } else {
          build.finishLater(id, returnsOutput ? output.toString() : null, null);
        }
      } catch (Exception broken) {
        // Also how the output of a process ends that is killed with its agent.
        if (!build.outside.ended(id)) return;
        build.finishLater(id, null, new AbortException(String.valueOf(broken)));
      }
    }

    private void tell(BufferedReader reader) {
      reader.lines().forEach(line -> build.facts.echo(context, line, build.outside));
    }
  }
}
