package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Outcome;
import java.io.File;

/** `node`: a fresh agent for each, or a wait that only an abort ends where no agent has the label. */
final class NodeExecution extends Execution {
  private static final long serialVersionUID = 1;

  private String agent;

  @Override
  void start(Build build) {
    String label = call.text("label", "");
    if (build.order.absentLabels().stream().anyMatch(label::matches)) {
      build.facts.echo(
          thread.context, "Still waiting to schedule task\nThere are no nodes with the label ‘" + label + "’", build.outside);
      return;
    }
    agent = build.outside.newAgent(label, thread.context.prefix);
    File workspace = new File(build.order.folder(), "agents/" + agent + "/workspace/" + build.order.job());
    workspace.mkdirs();
    build.facts.echo(thread.context, "Running on " + agent + " in " + workspace, build.outside);
    build.startBody(this, call.body(), thread.context.on(agent, workspace), null);
  }

  @Override
  void bodyEnded(Build build, String branch, Outcome outcome) {
    build.outside.leaveAgent(agent);
    build.finish(this, outcome);
  }
}
