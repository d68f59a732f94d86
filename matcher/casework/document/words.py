"""What documents say, in both languages at once: the same words in the pages and in the JSON."""

from matcher.casework.features import Feature, Seen

Words = dict[str, str]
"""The same in English (`en`) and in Simplified Chinese (`zh`)."""


def words(en: str, zh: str) -> Words:
    return {"en": en, "zh": zh}


FEATURES: dict[Feature, Words] = {
    Feature.SKIN: words("skin", "皮肤"),
    Feature.FACE_OUTLINE: words("outline of the face and head", "面部及头部轮廓"),
    Feature.FACE_COMPOSITION: words("proportions and layout of the face", "面部比例与布局"),
    Feature.HAIRLINE: words("hairline", "发际线"),
    Feature.FOREHEAD: words("forehead", "前额"),
    Feature.EYEBROWS: words("eyebrows", "眉毛"),
    Feature.EYES: words("eyes", "眼睛"),
    Feature.CHEEKS: words("cheeks", "面颊"),
    Feature.NOSE: words("nose", "鼻子"),
    Feature.EARS: words("ears", "耳朵"),
    Feature.MOUTH: words("mouth", "嘴"),
    Feature.CHIN: words("chin and jawline", "下巴与下颌线"),
    Feature.NECK: words("neck", "颈部"),
    Feature.FACIAL_HAIR: words("facial hair", "胡须"),
    Feature.FACIAL_LINES: words("facial lines", "面部纹路"),
    Feature.SCARS: words("scars", "疤痕"),
    Feature.MARKS: words("moles, birthmarks and other marks", "痣、胎记及其他印记"),
    Feature.ALTERATIONS: words("alterations such as tattoos or piercings", "纹身、穿孔等人为改变"),
}
SEEN: dict[Seen, Words] = {
    Seen.SIMILAR: words("similar", "相似"),
    Seen.DIFFERENT: words("different", "不同"),
    Seen.EXPLAINED: words(
        "different for a known cause (age, weight, pose, light)", "有差异，但有已知原因（年龄、体重、姿态、光线）"
    ),
    Seen.NOT_COMPARABLE: words("not comparable in these photos", "在这些照片中无法比较"),
}
LEAD = words(
    "This is an investigative lead for confirmation. It is not a decision on anybody's identity or nationality. Only "
    "the authority that is asked can confirm these, from its own records. No measure should rest on this document "
    "alone.",
    "本文件是供核实的调查线索，不是对任何人身份或国籍的认定。身份与国籍只能由被请求机关依据其自身记录予以确认。任何措施都不应仅以本文件为依据。",
)
COMPARED = words(
    "Two officers compared the photos independently of each other. Each first judged without seeing scores or names, "
    "and the second did not know what the first had found. Both found: the same person.",
    "两名官员各自独立比对了照片。每人均在未看到分数和姓名的情况下先作出判断，第二人不知道第一人的结论。两人的结论均为：同一人。",
)
FOUND_BY_SUPERVISOR = words(
    "Two of three officers who compared the photos found: the same person; one did not, and the last of them decided "
    "as a supervisor. Each first judged without seeing scores or names.",
    "三名官员比对了照片，其中两人的结论为同一人，一人未作此结论，最后一人以主管身份作出判断。每人均在未看到分数和姓名的情况下先作出判断。",
)
ERROR = words(
    "The figures are estimates made from photos whose answers are known. They hold for a gallery of this size and for "
    "photos like those, and may be wrong by more than chance elsewhere. Relatives and people who look alike score "
    "high. Every search brings up somebody, also when the person is not in the gallery. People who compare photos err "
    "as well, two of them less often than one.",
    "这些数字是根据已知答案的照片得出的估计值，仅适用于此规模的库及类似的照片；在其他情况下误差可能更大。亲属及相貌相似者得分也会偏高。"
    "即使本人不在库中，每次检索也总会列出某些人。人工比对照片同样会出错，两人比对出错的机会少于一人。",
)
NOT_CALIBRATED = words(
    "The strength of the likeness is not calibrated for the search that was made; no figure can be stated.",
    "此次检索的相似强度未经校准，无法给出数字。",
)
AGREEMENT = {
    "agree": words("Two engines say the same of this record.", "两个识别引擎对此记录的判断一致。"),
    "doubtful": words(
        "Two engines say nearly the same of this record; one of them is not sure.",
        "两个识别引擎对此记录的判断相近，其中一个不确定。",
    ),
    "disagree": words(
        "Two engines disagree on this record: one sees the person, the other a stranger.",
        "两个识别引擎对此记录的判断不一致：一个认为是本人，另一个认为是他人。",
    ),
}
"""By `Agreement`: what the parts of a joined engine say of a candidate."""
SEARCHED_ANYWAY = words(
    "The photo that was searched with would have been refused, since {reason}. It was searched with all the same, so "
    "that the figures above are less reliable.",
    "检索所用照片按质量标准本应被拒绝（{reason}），但仍用于检索，因此上述数字的可靠性较低。",
)
