"""MetalLB's `metallb.io` API (v0.16.2) as tables of facts, and what we add to it on purpose.

Schemas: a line for each place, with its path (`[]` an item, `{}` a value of a map), its type, and what else
holds. `rules` are in CEL; SELECTOR is a meta/v1 LabelSelector. Source: config/crd of metallb/metallb; what
came with v0.16.2 from its notes.
"""

SELECTOR = """
    @                                   object   x-kubernetes-map-type=atomic
    @.matchLabels                       object
    @.matchLabels{}                     string
    @.matchExpressions                  array    x-kubernetes-list-type=atomic
    @.matchExpressions[]                object
    @.matchExpressions[].key            string   required
    @.matchExpressions[].operator       string   required
    @.matchExpressions[].values         array    x-kubernetes-list-type=atomic
    @.matchExpressions[].values[]       string
"""
"""Places below @, where the selector stands. The operator has no enum."""

OBJECT = """
    .apiVersion                         string
    .kind                               string
    .metadata                           object
"""

ASN = "integer  format=int64 minimum=0 maximum=4294967295"
INTERVAL = "integer  format=int32 minimum=10 maximum=60000"
REASON = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
CONDITION_TYPE = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)

SCHEMAS = {
    ("IPAddressPool", "v1beta1"): f"""
    {OBJECT}
    .spec                               object   required
    .spec.addresses                     array    required
    .spec.addresses[]                   string
    .spec.autoAssign                    boolean  default=true
    .spec.avoidBuggyIPs                 boolean  default=false
    .spec.serviceAllocation             object
    .spec.serviceAllocation.priority    integer
    .spec.serviceAllocation.namespaces  array
    .spec.serviceAllocation.namespaces[] string
    .spec.serviceAllocation.namespaceSelectors array
    .spec.serviceAllocation.namespaceSelectors[] SELECTOR
    .spec.serviceAllocation.serviceSelectors array
    .spec.serviceAllocation.serviceSelectors[] SELECTOR
    .status                             object
    .status.assignedIPv4                integer  required format=int64
    .status.assignedIPv6                integer  required format=int64
    .status.availableIPv4               integer  required format=int64
    .status.availableIPv6               integer  required format=int64
    """,
    ("L2Advertisement", "v1beta1"): f"""
    {OBJECT}
    .spec                               object
    .spec.ipAddressPools                array
    .spec.ipAddressPools[]              string
    .spec.ipAddressPoolSelectors        array
    .spec.ipAddressPoolSelectors[]      SELECTOR
    .spec.nodeSelectors                 array
    .spec.nodeSelectors[]               SELECTOR
    .spec.interfaces                    array
    .spec.interfaces[]                  string
    .spec.serviceSelectors              array
    .spec.serviceSelectors[]            SELECTOR
    .spec.preferredNodeSelectors        array
    .spec.preferredNodeSelectors[]      object
    .spec.preferredNodeSelectors[].weight integer required format=int32 minimum=1 maximum=100
    .spec.preferredNodeSelectors[].preference SELECTOR required
    .status                             object
    """,
    ("BGPAdvertisement", "v1beta1"): f"""
    {OBJECT}
    .spec                               object   rules
    .spec.aggregationLength             integer  format=int32 minimum=1 default=32
    .spec.aggregationLengthV6           integer  format=int32 default=128
    .spec.localPref                     integer  format=int32
    .spec.asPathPrepend                 integer  format=int32 minimum=1 maximum=10
    .spec.communities                   array
    .spec.communities[]                 string
    .spec.ipAddressPools                array
    .spec.ipAddressPools[]              string
    .spec.ipAddressPoolSelectors        array
    .spec.ipAddressPoolSelectors[]      SELECTOR
    .spec.nodeSelectors                 array
    .spec.nodeSelectors[]               SELECTOR
    .spec.serviceSelectors              array
    .spec.serviceSelectors[]            SELECTOR
    .spec.peers                         array
    .spec.peers[]                       string
    .status                             object
    """,
    ("BGPPeer", "v1beta1"): f"""
    {OBJECT}
    .spec                               object
    .spec.myASN                         {ASN} required
    .spec.peerASN                       {ASN} required
    .spec.peerAddress                   string   required
    .spec.sourceAddress                 string
    .spec.peerPort                      integer  minimum=0 maximum=16384
    .spec.holdTime                      string
    .spec.keepaliveTime                 string
    .spec.routerID                      string
    .spec.nodeSelectors                 array
    .spec.nodeSelectors[]               object
    .spec.nodeSelectors[].matchLabels   object
    .spec.nodeSelectors[].matchLabels{{}} string
    .spec.nodeSelectors[].matchExpressions array
    .spec.nodeSelectors[].matchExpressions[] object
    .spec.nodeSelectors[].matchExpressions[].key string required
    .spec.nodeSelectors[].matchExpressions[].operator string required
    .spec.nodeSelectors[].matchExpressions[].values array required minItems=1
    .spec.nodeSelectors[].matchExpressions[].values[] string
    .spec.password                      string
    .spec.bfdProfile                    string
    .spec.ebgpMultiHop                  boolean
    .status                             object
    """,
    ("BGPPeer", "v1beta2"): f"""
    {OBJECT}
    .spec                               object
    .spec.myASN                         {ASN} required
    .spec.peerASN                       {ASN}
    .spec.localASN                      integer  format=int64 minimum=1 maximum=4294967295
    .spec.dynamicASN                    string   enum=external,internal
    .spec.peerAddress                   string
    .spec.interface                     string
    .spec.sourceAddress                 string
    .spec.peerPort                      integer  minimum=1 maximum=16384 default=179
    .spec.holdTime                      string
    .spec.keepaliveTime                 string
    .spec.connectTime                   string   rules
    .spec.routerID                      string
    .spec.nodeSelectors                 array
    .spec.nodeSelectors[]               SELECTOR
    .spec.password                      string
    .spec.passwordSecret                object   x-kubernetes-map-type=atomic
    .spec.passwordSecret.name           string
    .spec.passwordSecret.namespace      string
    .spec.bfdProfile                    string
    .spec.enableGracefulRestart         boolean  rules
    .spec.ebgpMultiHop                  boolean
    .spec.vrf                           string
    .spec.disableMP                     boolean  default=false
    .spec.dualStackAddressFamily        boolean  default=false
    .status                             object
    """,
    ("BFDProfile", "v1beta1"): f"""
    {OBJECT}
    .spec                               object
    .spec.receiveInterval               {INTERVAL}
    .spec.transmitInterval              {INTERVAL}
    .spec.detectMultiplier              integer  format=int32 minimum=2 maximum=255
    .spec.echoInterval                  {INTERVAL}
    .spec.echoMode                      boolean
    .spec.passiveMode                   boolean
    .spec.minimumTtl                    integer  format=int32 minimum=1 maximum=254
    .status                             object
    """,
    ("Community", "v1beta1"): f"""
    {OBJECT}
    .spec                               object
    .spec.communities                   array
    .spec.communities[]                 object
    .spec.communities[].name            string
    .spec.communities[].value           string
    .status                             object
    """,
    ("ServiceL2Status", "v1beta1"): f"""
    {OBJECT}
    .spec                               object
    .status                             object
    .status.node                        string   rules
    .status.serviceName                 string   rules
    .status.serviceNamespace            string   rules
    .status.interfaces                  array
    .status.interfaces[]                object
    .status.interfaces[].name           string
    """,
    ("ServiceBGPStatus", "v1beta1"): f"""
    {OBJECT}
    .spec                               object
    .status                             object
    .status.node                        string   rules
    .status.serviceName                 string   rules
    .status.serviceNamespace            string   rules
    .status.peers                       array
    .status.peers[]                     string
    """,
    ("ConfigurationState", "v1beta1"): f"""
    {OBJECT}
    .status                             object
    .status.result                      string   enum=Invalid,Unknown,Valid
    .status.errorSummary                string
    .status.conditions                  array    x-kubernetes-list-type=map x-kubernetes-list-map-keys=type
    .status.conditions[]                object
    .status.conditions[].type           string   required maxLength=316 pattern={CONDITION_TYPE}
    .status.conditions[].status         string   required enum=False,True,Unknown
    .status.conditions[].reason         string   required minLength=1 maxLength=1024 pattern={REASON}
    .status.conditions[].message        string   required maxLength=32768
    .status.conditions[].lastTransitionTime string required format=date-time
    .status.conditions[].observedGeneration integer format=int64 minimum=0
    """,
}

COLUMNS = {
    "IPAddressPool": """
    Auto Assign              boolean  .spec.autoAssign
    Avoid Buggy IPs          boolean  .spec.avoidBuggyIPs
    Addresses                string   .spec.addresses
    """,
    "L2Advertisement": """
    IPAddressPools           string   .spec.ipAddressPools
    IPAddressPool Selectors  string   .spec.ipAddressPoolSelectors
    Interfaces               string   .spec.interfaces
    Node Selectors           string   .spec.nodeSelectors  10
    """,
    "BGPAdvertisement": """
    IPAddressPools           string   .spec.ipAddressPools
    IPAddressPool Selectors  string   .spec.ipAddressPoolSelectors
    Peers                    string   .spec.peers
    Node Selectors           string   .spec.nodeSelectors  10
    """,
    "BGPPeer": """
    Address                  string   .spec.peerAddress
    ASN                      string   .spec.peerASN
    BFD Profile              string   .spec.bfdProfile
    Multi Hops               string   .spec.ebgpMultiHop
    """,
    "BFDProfile": """
    Passive Mode             boolean  .spec.passiveMode
    Transmit Interval        integer  .spec.transmitInterval
    Receive Interval         integer  .spec.receiveInterval
    Multiplier               integer  .spec.detectMultiplier
    """,
    "Community": "",
    "ServiceL2Status": """
    Allocated Node           string   .status.node
    Service Name             string   .status.serviceName
    Service Namespace        string   .status.serviceNamespace
    """,
    "ServiceBGPStatus": """
    Node                     string   .status.node
    Service Name             string   .status.serviceName
    Service Namespace        string   .status.serviceNamespace
    """,
    "ConfigurationState": """
    Result                   string   .status.result
    ErrorSummary             string   .status.errorSummary
    Age                      date     .metadata.creationTimestamp
    """,
}
"""Columns of `kubectl get`: name, type, JSON path, and priority where it is not 0."""

ADDED_TO_SELECTORS = """
    @.matchExpressions                  maxItems=50
    @.matchExpressions[]                rules
    @.matchExpressions[].operator       rules
"""

ADDITIONS = {
    ("IPAddressPool", "v1beta1"): """
    .spec.addresses                     rules maxItems=10000
    .spec.addresses[]                   rules maxLength=100
    .spec.serviceAllocation.namespaceSelectors maxItems=5000
    .spec.serviceAllocation.namespaceSelectors[] SELECTOR
    .spec.serviceAllocation.serviceSelectors maxItems=5000
    .spec.serviceAllocation.serviceSelectors[] SELECTOR
    """,
    ("L2Advertisement", "v1beta1"): """
    .spec.ipAddressPoolSelectors        maxItems=5000
    .spec.ipAddressPoolSelectors[]      SELECTOR
    .spec.nodeSelectors                 maxItems=5000
    .spec.nodeSelectors[]               SELECTOR
    .spec.serviceSelectors              maxItems=5000
    .spec.serviceSelectors[]            SELECTOR
    .spec.preferredNodeSelectors        maxItems=5000
    .spec.preferredNodeSelectors[].preference SELECTOR
    """,
    ("BGPAdvertisement", "v1beta1"): """
    .spec.aggregationLength             rules
    .spec.aggregationLengthV6           rules
    .spec.localPref                     format=int64 minimum=0 maximum=4294967295
    .spec.communities                   rules maxItems=128
    .spec.communities[]                 rules maxLength=253
    .spec.ipAddressPoolSelectors        maxItems=5000
    .spec.ipAddressPoolSelectors[]      SELECTOR
    .spec.nodeSelectors                 maxItems=5000
    .spec.nodeSelectors[]               SELECTOR
    .spec.serviceSelectors              maxItems=5000
    .spec.serviceSelectors[]            SELECTOR
    """,
    ("BGPPeer", "v1beta1"): """
    .spec                               rules required
    .spec.myASN                         rules
    .spec.peerAddress                   rules
    .spec.sourceAddress                 rules
    .spec.holdTime                      rules maxLength=64
    .spec.keepaliveTime                 rules maxLength=64
    .spec.routerID                      rules
    .spec.nodeSelectors                 maxItems=5000
    .spec.nodeSelectors[].matchExpressions maxItems=50
    .spec.nodeSelectors[].matchExpressions[].operator rules
    """,
    ("BGPPeer", "v1beta2"): """
    .spec                               rules required
    .spec.myASN                         rules
    .spec.peerAddress                   rules
    .spec.sourceAddress                 rules
    .spec.holdTime                      rules maxLength=64
    .spec.keepaliveTime                 rules maxLength=64
    .spec.connectTime                   maxLength=64
    .spec.routerID                      rules
    .spec.nodeSelectors                 maxItems=5000
    .spec.nodeSelectors[]               SELECTOR
    """,
    ("Community", "v1beta1"): """
    .spec.communities                   maxItems=10000
    .spec.communities[]                 rules
    .spec.communities[].name            rules maxLength=253
    .spec.communities[].value           rules maxLength=64
    """,
}
"""What holds with us in addition, or instead.

Rules refuse what our parser refuses, and the greatest lengths are what Kubernetes wants to see before it
takes the rules. From Kubernetes 1.36 on, MetalLB's int32 of localPref refuses half of the field's values.
"""
