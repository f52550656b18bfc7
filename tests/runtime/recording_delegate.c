/* An external TFLite delegate that shows what reached it: the outputs of what it runs are all `fill`.

   Options: take = all, last or none of the operations; fill = a byte; fail = create, prepare (the graph), kernel (its own
   operation), run or second (run). Anything else is refused.

   The TensorFlow wheel comes without TFLite's C headers, so what is needed of tensorflow/lite/core/c/common.h is declared here:
   its structures only ever grow at their ends. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { OK = 0, ERROR = 1 } Status;
typedef struct { int size; int data[]; } IntArray;
typedef struct Context Context;
typedef struct Delegate Delegate;

typedef struct {
  int type;
  void *data;
  IntArray *dims;
  struct { float scale; int32_t zero_point; } params;
  int allocation_type;
  size_t bytes;
  const void *allocation;
  const char *name;
  Delegate *delegate;
  int buffer_handle;
  bool data_is_stale, is_variable;
  struct { int type; void *params; } quantization;
  void *sparsity;
  const IntArray *dims_signature;
} Tensor;

typedef struct { IntArray *inputs, *outputs; } Node;

typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  Status (*prepare)(Context *, Node *);
  Status (*invoke)(Context *, Node *);
  const char *(*profiling_string)(const Context *, const Node *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  void *registration_external;
  void *async_kernel;
  uint64_t inplace_operator;
} Registration;

struct Context {
  size_t tensors_size;
  Status (*get_execution_plan)(Context *, IntArray **);
  Tensor *tensors;
  void *impl;
  void *resize_tensor;
  void (*report_error)(Context *, const char *, ...);
  void *add_tensors;
  void *get_node_and_registration;
  Status (*replace_nodes)(Context *, Registration, const IntArray *, Delegate *);
};

struct Delegate {
  void *data;
  Status (*prepare)(Context *, Delegate *);
  void *copy_from_buffer_handle, *copy_to_buffer_handle, *free_buffer_handle;
  int64_t flags;
  void *opaque_delegate_builder;
};

/* One delegate at a time is enough here. */
static char take[16], fail[16];
static int fill, runs;
static Delegate delegate;

static Status refuse(Context *context, const char *what) {
  context->report_error(context, "the test's delegate refuses: %s", what);
  return ERROR;
}

static Status kernel_prepare(Context *context, Node *node) {
  (void)node;
  return strcmp(fail, "kernel") ? OK : refuse(context, "kernel");
}

static Status kernel_invoke(Context *context, Node *node) {
  runs++;
  if (!strcmp(fail, "run") || (!strcmp(fail, "second") && runs > 1)) return refuse(context, "run");
  for (int i = 0; i < node->outputs->size; i++) {
    Tensor *output = &context->tensors[node->outputs->data[i]];
    memset(output->data, fill, output->bytes);
  }
  return OK;
}

static Status delegate_prepare(Context *context, Delegate *self) {
  if (!strcmp(fail, "prepare")) return refuse(context, "prepare");
  IntArray *plan;
  if (context->get_execution_plan(context, &plan) != OK) return ERROR;
  int count = !strcmp(take, "all") ? plan->size : !strcmp(take, "last") ? 1 : 0;
  if (!count) return OK;
  IntArray *nodes = malloc(sizeof(IntArray) + count * sizeof(int));
  nodes->size = count;
  memcpy(nodes->data, plan->data + plan->size - count, count * sizeof(int));
  Registration kernel = {.prepare = kernel_prepare, .invoke = kernel_invoke, .custom_name = "Recording", .version = 1};
  Status status = context->replace_nodes(context, kernel, nodes, self);
  free(nodes);
  return status;
}

Delegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                        void (*report_error)(const char *)) {
  strcpy(take, "all"), strcpy(fail, ""), fill = 0, runs = 0;
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(keys[i], "take")) snprintf(take, sizeof take, "%s", values[i]);
    else if (!strcmp(keys[i], "fail")) snprintf(fail, sizeof fail, "%s", values[i]);
    else if (!strcmp(keys[i], "fill")) fill = atoi(values[i]);
    else {
      char text[100];
      snprintf(text, sizeof text, "no such option: %s", keys[i]);
      report_error(text);
      return NULL;
    }
  }
  delegate = (Delegate){.prepare = delegate_prepare};
  return strcmp(fail, "create") ? &delegate : NULL;
}

void tflite_plugin_destroy_delegate(Delegate *self) { (void)self; }
