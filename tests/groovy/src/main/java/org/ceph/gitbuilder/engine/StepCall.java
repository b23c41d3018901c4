package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.impl.CpsClosure;
import groovy.lang.Closure;
import groovy.lang.GString;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A step's name, named arguments and body, as org.jenkinsci.plugins.workflow.cps.DSL reads them from a call. */
record StepCall(String name, LinkedHashMap<String, Object> args, CpsClosure body)
    implements Serializable {

  /** `only` is the name of the argument that may be given without one. */
  static StepCall parse(String name, Object given, List<String> known) {
    List<Object> list = new ArrayList<>(asList(given));
    CpsClosure body = null;
    if (!list.isEmpty() && list.get(list.size() - 1) instanceof Closure<?> last) {
      if (!(last instanceof CpsClosure closure)) {
        throw new IllegalArgumentException(name + ": its body is no CPS closure");
      }
      body = closure;
      list.remove(list.size() - 1);
    }
    LinkedHashMap<String, Object> args = new LinkedHashMap<>();
    if (list.size() == 1 && list.get(0) instanceof Map<?, ?> named && !isValue(name, named)) {
      named.forEach((key, value) -> args.put(String.valueOf(key), flatten(value)));
    } else if (list.size() == 1) {
      args.put(known.get(0), flatten(list.get(0)));
    } else if (list.size() > 1) {
      throw new IllegalArgumentException("Expected named arguments but got " + list);
    }
    for (String key : args.keySet()) {
      if (!known.contains(key) && !known.contains("*")) {
        throw new IllegalArgumentException(
            name + ": unknown parameter '" + key + "'; there are " + known);
      }
    }
    return new StepCall(name, args, body);
  }

  /** `parallel(branches)` and `checkout(scm)` take a map as their one value. */
  private static boolean isValue(String name, Map<?, ?> named) {
    return name.equals("checkout") && !named.containsKey("scm");
  }

  private static List<?> asList(Object given) {
    if (given instanceof Object[] array) return Arrays.asList(array);
    if (given instanceof List<?> list) return list;
    return given == null ? List.of() : List.of(given);
  }

  static Object flatten(Object value) {
    if (value instanceof GString text) return text.toString();
    if (value instanceof List<?> list) {
      ArrayList<Object> flat = new ArrayList<>();
      for (Object each : list) flat.add(flatten(each));
      return flat;
    }
    if (value instanceof Map<?, ?> map) {
      LinkedHashMap<Object, Object> flat = new LinkedHashMap<>();
      map.forEach((key, each) -> flat.put(flatten(key), flatten(each)));
      return flat;
    }
    return value;
  }

  String text(String key) {
    return text(key, null);
  }

  String text(String key, String otherwise) {
    Object value = args.get(key);
    return value == null ? otherwise : value.toString();
  }

  String must(String key) {
    String value = text(key);
    if (value == null) throw new IllegalArgumentException(name + ": '" + key + "' is missing");
    return value;
  }

  boolean is(String key, boolean otherwise) {
    Object value = args.get(key);
    if (value == null) return otherwise;
    if (value instanceof Boolean flag) return flag;
    throw new IllegalArgumentException(name + ": '" + key + "' is " + value + ", not a boolean");
  }

  double number(String key, double otherwise) {
    Object value = args.get(key);
    if (value == null) return otherwise;
    if (value instanceof Number number) return number.doubleValue();
    throw new IllegalArgumentException(name + ": '" + key + "' is " + value + ", not a number");
  }

  @SuppressWarnings("unchecked") // Groovy's lists hold what they hold
  List<Object> list(String key) {
    Object value = args.get(key);
    if (value == null) return List.of();
    if (value instanceof List<?> list) return (List<Object>) list;
    throw new IllegalArgumentException(name + ": '" + key + "' is " + value + ", not a list");
  }
}
