package org.ceph.gitbuilder.engine;

import groovy.json.JsonOutput;
import groovy.json.JsonSlurperClassic;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Runs builds for whoever writes orders to its standard input, one JSON object a line, and tells of them
 * on its standard output in the same way. Ends when the input does.
 *
 * <p>Orders: {@code {"do":"run", …Order}}, {@code {"do":"abort","id":…}}, {@code
 * {"do":"loseAgent","id":…,"agent":…}}, {@code {"do":"giveAgent","id":…,"execution":…,"agent":…,"shell":[…]}}. Events: log,
 * stage, step, wanted, agent, left, end.
 */
public final class Main {
  private static final Map<String, Map<String, byte[]>> LIBRARIES = new HashMap<>();
  private static final Map<String, Build> BUILDS = new ConcurrentHashMap<>();

  private Main() {}

  public static void main(String[] args) throws Exception {
    MissingFinalizerCheck.add();
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    File sandboxList = new File(args[0]);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      @SuppressWarnings("unchecked") // JSON of our own driver
      Map<String, Object> order = (Map<String, Object>) new JsonSlurperClassic().parseText(line);
      String id = (String) order.get("id");
      switch ((String) order.get("do")) {
        case "run" -> run(Order.parse(order), sandboxList, out);
        case "abort" -> BUILDS.get(id).abort();
        case "giveAgent" -> give(BUILDS.get(id), order);
        case "loseAgent" -> BUILDS.get(id).loseAgent((String) order.get("agent"));
        default -> throw new IllegalArgumentException("no order: " + line);
      }
    }
    // Processes of builds that go on end with us.
    System.exit(0);
  }

  private static void run(Order order, File sandboxList, PrintStream out) {
    Outside outside =
        new Outside(
            order.id(),
            event -> {
              synchronized (out) {
                out.println(JsonOutput.toJson(event));
              }
            });
    try {
      Map<String, byte[]> classes = new HashMap<>(library(order));
      classes.putAll(Sources.script(order.script(), classes, order.sandboxed()));
      Sandbox sandbox = new Sandbox(order.sandboxed(), sandboxList);
      Build build = new Build(order, classes, sandbox, outside);
      BUILDS.put(order.id(), build);
      build.begin();
    } catch (Exception | LinkageError broken) {
      outside.log(String.valueOf(broken.getMessage()));
      Build none = new Build(order, Map.of(), new Sandbox(false, sandboxList), outside);
      none.facts.worsen("FAILURE");
      outside.ended(none);
    }
  }

  private static void give(Build build, Map<String, Object> order) {
    @SuppressWarnings("unchecked") // JSON of our own driver
    List<String> shell = (List<String>) order.get("shell");
    build.giveAgent(((Number) order.get("execution")).intValue(), (String) order.get("agent"), shell);
  }

  private static Map<String, byte[]> library(Order order) throws IOException {
    String key = order.library().getPath() + " " + order.sandboxesLibrary();
    if (!LIBRARIES.containsKey(key)) {
      LIBRARIES.put(key, Sources.library(order.library(), order.sandboxesLibrary()));
    }
    return LIBRARIES.get(key);
  }
}
