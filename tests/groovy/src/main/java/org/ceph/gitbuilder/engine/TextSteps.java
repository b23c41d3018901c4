package org.ceph.gitbuilder.engine;

import groovy.json.JsonOutput;
import groovy.json.JsonSlurper;
import hudson.AbortException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** Steps that say something, read or write data, or set what the build and its job show. */
final class TextSteps {
  private TextSteps() {}

  static void register() {
    Steps.instant("echo", TextSteps::echo, "message");
    Steps.instant("error", TextSteps::error, "message");
    Steps.instant("unstable", TextSteps::unstable, "message");
    Steps.instant("properties", TextSteps::properties, "properties");
    Steps.instant("readJSON", TextSteps::readJson, "text", "file", "returnPojo");
    Steps.instant("writeJSON", TextSteps::writeJson, "json", "file", "pretty", "returnText");
    Steps.instant("readProperties", TextSteps::readProperties, "text", "file", "defaults");
    Steps.instant("library", (build, step) -> new LinkedHashMap<>(), "identifier");
  }

  private static Object echo(Build build, Execution step) {
    build.facts.echo(step.thread.context, step.call.text("message", "null"), build.outside);
    return null;
  }

  private static Object error(Build build, Execution step) throws AbortException {
    throw new AbortException(step.call.text("message", ""));
  }

  private static Object unstable(Build build, Execution step) {
    build.facts.echo(step.thread.context, "WARNING: " + step.call.must("message"), build.outside);
    build.facts.worsen("UNSTABLE");
    return null;
  }

  private static Object properties(Build build, Execution step) {
    build.facts.properties = Steps.Symbol.plain(step.call.args().get("properties"));
    return null;
  }

  private static String given(Execution step) throws IOException {
    String text = step.call.text("text");
    return text == null ? Files.readString(FileSteps.file(step).toPath()) : text;
  }

  private static Object readJson(Build build, Execution step) throws IOException {
    return inOrder(new JsonSlurper().parseText(given(step)));
  }

  /** Maps and lists that can be saved; the names of a map stay in the order of the text. */
  private static Object inOrder(Object parsed) {
    if (parsed instanceof List<?> list) {
      return new ArrayList<>(list.stream().map(TextSteps::inOrder).toList());
    }
    if (!(parsed instanceof Map<?, ?> map)) return parsed;
    Map<Object, Object> ordered = new LinkedHashMap<>();
    map.forEach((key, value) -> ordered.put(key, inOrder(value)));
    return ordered;
  }

  private static Object writeJson(Build build, Execution step) throws IOException {
    String text = JsonOutput.toJson(step.call.args().get("json"));
    if (step.call.is("returnText", false)) return text;
    build.facts.findLeaks("the file " + step.call.must("file"), text);
    Files.writeString(FileSteps.file(step).toPath(), text);
    return null;
  }

  private static Object readProperties(Build build, Execution step) throws IOException {
    Properties properties = new Properties();
    properties.load(new StringReader(given(step)));
    LinkedHashMap<String, String> read = new LinkedHashMap<>();
    properties.stringPropertyNames().stream().sorted()
        .forEach(name -> read.put(name, properties.getProperty(name)));
    return read;
  }
}
