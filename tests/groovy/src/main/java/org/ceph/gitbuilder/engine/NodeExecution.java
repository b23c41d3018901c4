package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Outcome;
import java.io.File;

/** `node`: a fresh agent for each, or the one that the driver brings; where no agent has the label, only an abort ends the wait. */
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
    if (build.order.asksForAgents()) {
      build.outside.wantAgent(id, label, thread.context.prefix);
    } else {
      begin(build, build.outside.newAgent());
    }
  }

  /** Goes on, on an agent that is there. */
  void begin(Build build, String name) {
    agent = name;
    build.outside.agent(name, call.text("label", ""), thread.context.prefix);
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
