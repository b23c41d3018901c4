package org.ceph.gitbuilder.engine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** What a build does beside its program: processes, agents, alarms, and telling the driver. */
final class Outside {
  private final String id;
  private final Consumer<Map<String, Object>> tell;
  private final AtomicInteger agents = new AtomicInteger();
  private final Map<Integer, Running> processes = new ConcurrentHashMap<>();
  private final Map<String, List<String>> shells = new ConcurrentHashMap<>();
  private final ScheduledExecutorService alarms =
      Executors.newSingleThreadScheduledExecutor(
          work -> {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            return thread;
          });

  Outside(String id, Consumer<Map<String, Object>> tell) {
    this.id = id;
    this.tell = tell;
  }

  private record Running(String agent, Process process) {}

  void log(String line) {
    event("log", "text", line);
  }

  void stage(String name) {
    event("stage", "name", name);
  }

  /** Each step as it begins: the driver's hook to lose an agent, or to stop the build, at a known moment. */
  void step(Build build, Execution execution) {
    event("step", "name", execution.call.name(), "agent", execution.thread.context.agent, "branch", execution.thread.context.prefix.trim());
  }

  String newAgent() {
    return "agent-" + agents.incrementAndGet();
  }

  /** Asks the driver for one; it answers by `giveAgent`. */
  void wantAgent(int execution, String label, String prefix) {
    event("wanted", "execution", execution, "label", label, "branch", prefix.trim());
  }

  /** Processes of this agent are started in its container, by such a command. */
  void startsBy(String agent, List<String> command) {
    shells.put(agent, command);
  }

  /** How processes are started in an agent's container; null for one that is a folder. */
  List<String> shellOf(String agent) {
    return shells.get(agent);
  }

  void agent(String name, String label, String prefix) {
    event("agent", "name", name, "label", label, "branch", prefix.trim());
  }

  void leaveAgent(String name) {
    event("left", "name", name);
  }

  void started(int execution, String agent, Process process) {
    processes.put(execution, new Running(agent, process));
  }

  /** Whether this process ended by itself. */
  boolean ended(int execution) {
    return processes.remove(execution) != null;
  }

  void kill(int execution) {
    Running running = processes.remove(execution);
    if (running != null) kill(running.process());
  }

  void killOn(String agent) {
    processes.forEach(
        (execution, running) -> {
          if (agent.equals(running.agent())) kill(execution);
        });
  }

  private static void kill(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  void after(double seconds, Runnable work) {
    if (!alarms.isShutdown()) alarms.schedule(work, (long) (seconds * 1000), TimeUnit.MILLISECONDS);
  }

  void ended(Build build) {
    alarms.shutdownNow();
    processes.keySet().forEach(this::kill);
    Map<String, Object> facts = build.facts.asMap();
    facts.put("id", id);
    facts.put("event", "end");
    tell.accept(facts);
  }

  private void event(String event, Object... facts) {
    Map<String, Object> said = new LinkedHashMap<>();
    said.put("id", id);
    said.put("event", event);
    for (int at = 0; at < facts.length; at += 2) said.put((String) facts[at], facts[at + 1]);
    tell.accept(said);
  }
}
