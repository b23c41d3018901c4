package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Continuable;
import com.cloudbees.groovy.cps.Continuation;
import com.cloudbees.groovy.cps.Envs;
import com.cloudbees.groovy.cps.ObjectInputStreamWithLoader;
import com.cloudbees.groovy.cps.Outcome;
import com.cloudbees.groovy.cps.impl.CpsCallableInvocation;
import com.cloudbees.groovy.cps.impl.CpsClosure;
import com.cloudbees.groovy.cps.impl.FunctionCallEnv;
import com.cloudbees.groovy.cps.sandbox.DefaultInvoker;
import com.cloudbees.groovy.cps.sandbox.Invoker;
import com.cloudbees.groovy.cps.sandbox.SandboxInvoker;
import groovy.lang.Binding;
import groovy.lang.Script;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;
import org.codehaus.groovy.runtime.InvokerHelper;

/** One build: a program that runs until every thread waits, is saved, read back, and goes on. */
final class Build {
  private static final ThreadLocal<Build> CURRENT = new ThreadLocal<>();

  final Order order;
  final Outside outside;
  final BuildFacts facts;
  /** Where steps work that take their time. */
  final ExecutorService workers = Executors.newCachedThreadPool(Build::daemon);

  private final ExecutorService loop = Executors.newSingleThreadExecutor(Build::daemon);
  private final Map<String, byte[]> classes;
  private final List<Class> categories = new ArrayList<>(Continuable.categories);
  private final Sandbox sandbox;
  private ClassLoader loader;
  private Program program = new Program();
  private CpsThread running;
  private boolean ended;

  Build(Order order, Map<String, byte[]> classes, Sandbox sandbox, Outside outside) {
    this.order = order;
    this.classes = classes;
    this.sandbox = sandbox;
    this.outside = outside;
    this.facts = new BuildFacts(order);
    this.loader = Sources.loader(classes);
    categories.add(SerialIterators.class);
  }

  /** The build whose program runs on this thread. */
  static Build current() {
    return CURRENT.get();
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work);
    thread.setDaemon(true);
    return thread;
  }

  void begin() {
    onLoop(
        () -> {
          CpsCallableInvocation.registerMismatchHandler(
              (expectedReceiver, expected, receiver, caught) ->
                  facts.mismatches.add(
                      "expected to call " + expected + " but wound up catching " + caught));
          Script script = (Script) loader.loadClass("WorkflowScript").getDeclaredConstructor().newInstance();
          script.setBinding(new Binding(new LinkedHashMap<>()));
          CpsThread main = new CpsThread(program.nextId(), null, null, Context.OUTSIDE);
          main.continuable = new Continuable(script, Envs.empty(invoker()));
          program.threads.put(main.id, main);
          program.ready.add(new Program.Ready(main.id, new Outcome(null, null)));
        });
  }

  /** Does this on the one thread that may touch the program, then lets it run on. */
  void onLoop(Work work) {
    loop.execute(
        () -> {
          if (ended) return;
          CURRENT.set(this);
          try {
            work.run();
            drain();
          } catch (Throwable broken) {
            end(broken);
          }
        });
  }

  interface Work {
    void run() throws Exception;
  }

  private void drain() throws Exception {
    while (!ended && !program.ready.isEmpty()) {
      Program.Ready next = program.ready.poll();
      CpsThread thread = program.threads.get(next.thread());
      if (thread != null) advance(thread, next.outcome());
    }
  }

  private void advance(CpsThread thread, Outcome outcome) throws Exception {
    running = thread;
    Outcome came;
    sandbox.enter(loader, thread.id);
    try {
      came = thread.continuable.run0(outcome, categories);
    } finally {
      sandbox.leave();
      running = null;
    }
    if (!thread.continuable.isResumable()) {
      threadEnded(thread, came);
      return;
    }
    Execution execution = (Execution) came.getNormal();
    execution.id = program.nextId();
    execution.thread = thread;
    thread.pending = execution;
    saveAndRestore();
    startPending(program.threads.get(thread.id).pending);
  }

  private void startPending(Execution execution) {
    outside.step(this, execution);
    try {
      execution.start(this);
    } catch (Throwable refused) {
      finish(execution, new Outcome(null, refused));
    }
  }

  private void threadEnded(CpsThread thread, Outcome outcome) {
    program.threads.remove(thread.id);
    if (thread.parent == null) {
      end(outcome.getAbnormal());
      return;
    }
    thread.parent.bodyEnded(this, thread.branch, outcome);
  }

  /** The step's answer, for the thread that waits for it. */
  void finish(Execution execution, Outcome outcome) {
    CpsThread waiting = program.waitingFor(execution.id);
    if (waiting == null) return;
    waiting.pending = null;
    program.ready.add(new Program.Ready(waiting.id, outcome));
  }

  /** The same, from a worker. */
  void finishLater(int execution, Object value, Throwable thrown) {
    onLoop(
        () -> {
          CpsThread waiting = program.waitingFor(execution);
          if (waiting != null) finish(waiting.pending, new Outcome(value, thrown));
        });
  }

  /** Does something with an execution, if it is still waited for. */
  void withExecution(int id, java.util.function.Consumer<Execution> work) {
    onLoop(
        () -> {
          CpsThread waiting = program.waitingFor(id);
          if (waiting != null) work.accept(waiting.pending);
        });
  }

  /** Runs a closure as a thread of its own; the parent hears of its end. */
  void startBody(Execution parent, CpsClosure body, Context context, String branch) {
    CpsThread thread = new CpsThread(program.nextId(), parent, branch, context);
    running = thread;
    sandbox.enter(loader, thread.id);
    try {
      Object value = body.call();
      program.threads.put(thread.id, thread);
      parent.bodyEnded(this, branch, new Outcome(value, null));
      program.threads.remove(thread.id);
    } catch (CpsCallableInvocation call) {
      FunctionCallEnv env = new FunctionCallEnv(null, Continuation.HALT, null, null);
      env.setInvoker(invoker());
      thread.continuable = new Continuable(call.invoke(env, null, Continuation.HALT));
      program.threads.put(thread.id, thread);
      program.ready.add(new Program.Ready(thread.id, new Outcome(null, null)));
    } finally {
      sandbox.leave();
      running = null;
    }
  }

  /** Ends the innermost steps of these threads, as Jenkins' stop button, a time-out and fail-fast do. */
  void interrupt(Predicate<CpsThread> which, FlowInterruptedException cause) {
    for (CpsThread thread : new ArrayList<>(program.threads.values())) {
      if (!which.test(thread) || thread.pending == null) continue;
      if (!program.hasBodies(thread.pending)) thread.pending.stop(this, cause);
    }
  }

  boolean isPending(int execution) {
    return program.waitingFor(execution) != null;
  }

  void abort() {
    onLoop(
        () -> {
          facts.echo(Context.OUTSIDE, "Aborted by someone", outside);
          interrupt(
              any -> true,
              new FlowInterruptedException(
                  "ABORTED", new FlowInterruptedException.Cause("Aborted by someone", false)));
        });
  }

  /** An agent for a `node` that waits; its name is that of the container that `shell` starts processes in. */
  void giveAgent(int execution, String name, List<String> shell) {
    outside.startsBy(name, shell);
    withExecution(execution, waiting -> ((NodeExecution) waiting).begin(this, name));
  }

  /** What a lost container means: its processes are gone, and the node is removed from Jenkins. */
  void loseAgent(String name) {
    outside.killOn(name);
    onLoop(
        () -> {
          facts.echo(Context.OUTSIDE, "Agent " + name + " was deleted; cancelling node body", outside);
          interrupt(
              thread -> name.equals(thread.context.agent),
              new FlowInterruptedException(
                  "ABORTED", new FlowInterruptedException.Cause("Agent was removed", true)));
        });
  }

  private void saveAndRestore() throws IOException, ClassNotFoundException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(program);
    }
    facts.saved(bytes.size());
    if (order.strict()) loader = Sources.loader(classes);
    try (var in = new ObjectInputStreamWithLoader(new ByteArrayInputStream(bytes.toByteArray()), loader)) {
      program = (Program) in.readObject();
    }
  }

  private Invoker invoker() {
    return order.sandboxed() ? new SandboxInvoker() : new DefaultInvoker();
  }

  private void end(Throwable thrown) {
    if (ended) return;
    ended = true;
    facts.end(thrown, outside);
    outside.ended(this);
    workers.shutdownNow();
    loop.shutdown();
  }

  /** A call of a name that the script does not define: a variable of `vars`, or a step. */
  Object invoke(EngineScript script, String name, Object args) {
    Object bound = script.getBinding().getVariables().get(name);
    if (bound == null && isVar(name)) bound = var(script, name);
    if (bound != null) return InvokerHelper.getMetaClass(bound).invokeMethod(bound, "call", args);
    return Steps.call(this, name, args);
  }

  Object global(EngineScript script, String name) {
    if (isVar(name)) return var(script, name);
    return Globals.find(this, name);
  }

  private boolean isVar(String name) {
    return !name.contains(".") && classes.containsKey(name) && !name.equals("WorkflowScript");
  }

  /** One instance for each script that uses it, as Jenkins binds them. */
  private Object var(EngineScript script, String name) {
    return script
        .getBinding()
        .getVariables()
        .computeIfAbsent(name, key -> instance((String) key));
  }

  private Object instance(String name) {
    try {
      return loader.loadClass(name).getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException broken) {
      throw new IllegalStateException(broken);
    }
  }

  /** What the running thread stands in. */
  Context context() {
    return running == null ? Context.OUTSIDE : running.context;
  }

  void echo(String text) {
    facts.echo(context(), text, outside);
  }
}
